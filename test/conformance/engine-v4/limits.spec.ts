import { openPolling, openWebSocket, poll, push, pushInPieces } from '../../support/engine-client.js';
import { startEngineServer, unlikeOfficial } from '../../support/conformance-server.js';

const LIMIT = { maxHttpBufferSize: 1000 };

describe('Engine.IO v4: the largest payload over HTTP long-polling', () => {
  it('accepts a body of exactly that many bytes', async () => {
    const { url } = await startEngineServer(LIMIT);
    const session = await openPolling(url);

    const answer = await push(session, `4${'x'.repeat(999)}`);

    expect(answer).toMatchObject({ status: 200, body: 'ok' });
    expect((await poll(session)).body).toBe(`4${'x'.repeat(999)}`);
  });

  it('refuses one byte more with 413 [P5]', async () => {
    const { url } = await startEngineServer(LIMIT);
    const session = await openPolling(url);

    expect((await push(session, `4${'x'.repeat(1000)}`)).status).toBe(413);
  });

  it('counts the bytes of a body that does not announce its length', async () => {
    const { url } = await startEngineServer(LIMIT);
    const session = await openPolling(url);
    const pushing = pushInPieces(session);

    await pushing.write(`4${'x'.repeat(500)}`);
    await pushing.write('x'.repeat(500));
    pushing.end().catch(() => {});

    expect((await pushing.answer).status).toBe(413);
  });

  it('counts bytes, not characters', async () => {
    const { url } = await startEngineServer(LIMIT);
    const session = await openPolling(url);

    expect((await push(session, `4${'é'.repeat(499)}`)).status).toBe(200);
    expect((await push(session, `4${'é'.repeat(500)}`)).status).toBe(413);
  });

  it('counts separators and all packets of a payload together', async () => {
    const { url } = await startEngineServer(LIMIT);
    const session = await openPolling(url);

    expect((await push(session, `4${'x'.repeat(498)}\x1e4${'x'.repeat(499)}`)).status).toBe(200);
    expect((await push(session, `4${'x'.repeat(499)}\x1e4${'x'.repeat(499)}`)).status).toBe(413);
  });

  it('applies the default of a million bytes', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);

    expect((await push(session, `4${'x'.repeat(999_999)}`)).status).toBe(200);
    expect((await push(session, `4${'x'.repeat(1_000_000)}`)).status).toBe(413);
  });

  unlikeOfficial('it answers 413 and keeps the session')('closes the session that went over it', async () => {
    const { url } = await startEngineServer(LIMIT);
    const session = await openPolling(url);

    await push(session, `4${'x'.repeat(1000)}`);

    const answer = await poll(session);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toEqual({ code: 1, message: 'Session ID unknown' });
  });

  it('leaves other sessions alone', async () => {
    const { url } = await startEngineServer(LIMIT);
    const guilty = await openPolling(url);
    const innocent = await openPolling(url);

    await push(guilty, `4${'x'.repeat(1000)}`);
    await push(innocent, '4hello');

    expect((await poll(innocent)).body).toBe('4hello');
  });
});

describe('Engine.IO v4: the largest payload over WebSocket', () => {
  it('accepts a text frame of exactly that many bytes [L1]', async () => {
    const { url } = await startEngineServer(LIMIT);
    const wire = await openWebSocket(url);
    await wire.next();

    wire.send(`4${'x'.repeat(999)}`);

    expect(await wire.next()).toBe(`4${'x'.repeat(999)}`);
  });

  it('closes with 1009 upon one byte more [L1]', async () => {
    const { url } = await startEngineServer(LIMIT);
    const wire = await openWebSocket(url);
    await wire.next();

    wire.send(`4${'x'.repeat(1000)}`);

    expect((await wire.closed).code).toBe(1009);
  });

  it('holds binary frames to the same bound', async () => {
    const { url } = await startEngineServer(LIMIT);
    const wire = await openWebSocket(url);
    await wire.next();

    wire.send(new Uint8Array(1000));
    expect(await wire.next()).toEqual(Buffer.alloc(1000));

    wire.send(new Uint8Array(1001));
    expect((await wire.closed).code).toBe(1009);
  });

  it('counts the fragments of a message together [L1]', async () => {
    const { url } = await startEngineServer(LIMIT);
    const wire = await openWebSocket(url);
    await wire.next();

    wire.sendFragments([`4${'x'.repeat(499)}`, 'x'.repeat(501)]);

    expect((await wire.closed).code).toBe(1009);
  });

  it('leaves other sessions alone', async () => {
    const { url } = await startEngineServer(LIMIT);
    const guilty = await openWebSocket(url);
    const innocent = await openWebSocket(url);
    await innocent.next();

    guilty.send(`4${'x'.repeat(1000)}`);
    await guilty.closed;
    innocent.send('4hello');

    expect(await innocent.next()).toBe('4hello');
  });
});
