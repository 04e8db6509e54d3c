import { poll, push } from '../../support/engine-client.js';
import { bytes, openPollingV3, openWebSocketV3, pollBytes, pushBytes } from '../../support/engine-v3-client.js';
import { startEngineServer, unlikeOfficial } from '../../support/conformance-server.js';

describe('Engine.IO v3: messages over long-polling', () => {
  it.each([
    ['one text packet', '6:4hello'],
    ['several text packets', '6:4test16:4test26:4test3'],
    ['lengths in characters, not bytes', '2:4€6:4hello'],
    ['a character of two UTF-16 units', '3:4\u{1f600}'],
    ['an empty message', '1:4'],
    ['digits and colons in a message', '8:4a:12:4b2:4c'],
    ['text and binary', '6:4hello10:b4AQIDBA=='],
  ])('takes and gives %s, for a peer that reads text only', async (_what, payload) => {
    const { url } = await startEngineServer({ allowEIO3: true });
    const session = await openPollingV3(url, { b64: '1' });

    expect(await push(session, payload)).toMatchObject({ status: 200, body: 'ok' });

    expect(await poll(session)).toMatchObject({ status: 200, body: payload });
  });

  it('gives bytes to a peer that reads them, where there is a binary packet', async () => {
    const { url } = await startEngineServer({ allowEIO3: true });
    const session = await openPollingV3(url);

    await push(session, '2:4€10:b4AQIDBA==');

    expect(await pollBytes(session)).toEqual({
      contentType: 'application/octet-stream',
      body: bytes('00 04 ff 34 e2 82 ac  01 05 ff 04 01 02 03 04'),
    });
  });

  it('gives text to the same peer where there is none', async () => {
    const { url } = await startEngineServer({ allowEIO3: true });
    const session = await openPollingV3(url);

    await push(session, '6:4hello');

    const answer = await poll(session);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=UTF-8');
    expect(answer.body).toBe('6:4hello');
  });

  it('takes a body of bytes', async () => {
    const { url } = await startEngineServer({ allowEIO3: true });
    const session = await openPollingV3(url);
    const payload = bytes('00 04 ff 34 e2 82 ac  01 05 ff 04 01 02 03 04');

    expect(await pushBytes(session, payload)).toMatchObject({ status: 200, body: 'ok' });

    expect((await pollBytes(session)).body).toEqual(payload);
  });

  it('writes a length of several digits one digit a byte', async () => {
    const { url } = await startEngineServer({ allowEIO3: true });
    const session = await openPollingV3(url);
    const payload = Buffer.concat([bytes('01 03 00 01 ff 04'), Buffer.alloc(300, 7)]);

    await pushBytes(session, payload);

    expect((await pollBytes(session)).body).toEqual(payload);
  });

  it.each(['abc', '6:4hell', ':4a', '-1:4a', '5:4hello', '1', '2:9a'])(
    'refuses the body %j and closes the session',
    async (payload) => {
      const { url } = await startEngineServer({ allowEIO3: true });
      const session = await openPollingV3(url);

      const answer = await push(session, payload);
      if (!process.env.CONFORMANCE_PEER) expect(answer.status).toBe(400);

      expect((await poll(session)).status).toBe(400);
    },
  );

  unlikeOfficial('takes these')('refuses lengths that are no digits, and what is no base64', async () => {
    for (const payload of ['1e1:4123456789', '0x2:4a', ' 2:4a', '3:b5A', '5:b4A==', '2:b4', '1:b']) {
      const { url } = await startEngineServer({ allowEIO3: true });
      const session = await openPollingV3(url);

      expect((await push(session, payload)).status).toBe(payload === '2:b4' ? 200 : 400);
    }
  });

  unlikeOfficial('is not bothered, or never ends')('refuses bytes that are no payload', async () => {
    for (const payload of [
      '02 01 ff 34',
      '00 ff 34',
      '00 02 ff 34',
      '00 0a ff 34',
      '00 01',
      '01 02 ff 05 00',
      '00 01 ff ff',
    ]) {
      const { url } = await startEngineServer({ allowEIO3: true });
      const session = await openPollingV3(url);

      expect((await pushBytes(session, bytes(payload))).status).toBe(400);
      expect((await poll(session)).status).toBe(400);
    }
  });

  it('ends a waiting poll with a noop packet when the peer closes', async () => {
    const server = await startEngineServer({ allowEIO3: true });
    const session = await openPollingV3(server.url);
    const taken = server.nextRequest();
    const polled = poll(session);
    await taken;

    await push(session, '1:1');

    expect((await polled).body).toBe('1:6');
    expect((await poll(session)).status).toBe(400);
  });

  it('tells a waiting poll that this side closes', async () => {
    const server = await startEngineServer({ allowEIO3: true });
    const session = await openPollingV3(server.url);
    const taken = server.nextRequest();
    const polled = poll(session);
    await taken;

    server.sessions.get(session.sid)!.close();

    expect((await polled).body).toBe('1:1');
  });

  it('refuses a body above the bound with 413', async () => {
    const { url } = await startEngineServer({ allowEIO3: true, maxHttpBufferSize: 20 });
    const session = await openPollingV3(url);

    expect((await push(session, `18:4${'a'.repeat(17)}`)).status).toBe(413);
  });
});

describe('Engine.IO v3: messages over WebSocket', () => {
  it('takes and gives text', async () => {
    const { url } = await startEngineServer({ allowEIO3: true });
    const wire = await openWebSocketV3(url);
    await wire.next();

    wire.send('4hello €');
    wire.send('4');

    expect(await wire.next()).toBe('4hello €');
    expect(await wire.next()).toBe('4');
  });

  it('takes and gives binary with its type in front', async () => {
    const { url, sessions } = await startEngineServer({ allowEIO3: true });
    const wire = await openWebSocketV3(url);
    const { sid } = JSON.parse(String(await wire.next()).slice(1));
    const received: unknown[] = [];
    (sessions.get(sid) as unknown as NodeJS.EventEmitter).on('data', (data) => received.push(data));

    wire.send(bytes('04 01 02 03 04'));
    expect(await wire.next()).toEqual(bytes('04 01 02 03 04'));
    wire.send(bytes('04'));
    expect(await wire.next()).toEqual(bytes('04'));

    expect(received).toEqual([bytes('01 02 03 04'), bytes('')]);
  });

  it('takes and gives base64 where the peer asks for it', async () => {
    const { url } = await startEngineServer({ allowEIO3: true });
    const wire = await openWebSocketV3(url, { b64: '1' });
    await wire.next();

    wire.send('b4AQIDBA==');

    expect(await wire.next()).toBe('b4AQIDBA==');
  });

  it('takes the separator of v4 for text', async () => {
    const { url } = await startEngineServer({ allowEIO3: true });
    const wire = await openWebSocketV3(url);
    await wire.next();

    wire.send('4a\x1e4b');

    expect(await wire.next()).toBe('4a\x1e4b');
  });

  it.each(['abc', '9', ''])('closes upon the frame %j', async (frame) => {
    const { url } = await startEngineServer({ allowEIO3: true });
    const wire = await openWebSocketV3(url);
    await wire.next();

    wire.send(frame);

    await wire.closed;
  });

  unlikeOfficial('takes some of these for packets')('closes upon a binary frame that is no message', async () => {
    for (const frame of [bytes('05 01'), bytes(''), 'b5AQID', 'b4A', 'b']) {
      const { url } = await startEngineServer({ allowEIO3: true });
      const wire = await openWebSocketV3(url);
      await wire.next();

      wire.send(frame);

      expect((await wire.closed).code).toBe(1002);
    }
  });

  unlikeOfficial('waits for the ping timeout')('closes when the peer does', async () => {
    const { url } = await startEngineServer({ allowEIO3: true });
    const wire = await openWebSocketV3(url);
    await wire.next();

    wire.send('1');

    await wire.closed;
  });
});
