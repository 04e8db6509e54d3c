import { openPolling, openWebSocket, poll, push, pushInPieces } from '../../../support/engine-client.js';
import { startEngine } from '../../../support/server.js';
import { nextEvent, until } from '../../../support/until.js';

describe('maxPollWait', () => {
  it('ends a poll with a noop packet, and the session lives on [P16]', async () => {
    const { url } = await startEngine({ maxPollWait: 60 });
    const session = await openPolling(url);
    const started = performance.now();

    expect(await poll(session)).toMatchObject({ status: 200, body: '6' });
    expect(performance.now() - started).toBeGreaterThanOrEqual(58);
    await push(session, '4a');
    expect((await poll(session)).body).toBe('4a');
  });

  it('leaves no timer behind a poll that was answered [P15]', async () => {
    const { url, engine } = await startEngine({ maxPollWait: 5000 });
    const session = await openPolling(url);
    const idle = engine.wheel.size;

    await Promise.all([poll(session), push(session, '4a')]);

    expect(engine.wheel.size).toBe(idle);
  });
});

describe('pollingMaxBufferSize, of answers', () => {
  it('fills an answer up to the bound exactly, separators counted, and keeps the rest for the next [P14]', async () => {
    const { url, sessions } = await startEngine({ pollingMaxBufferSize: 11 });
    const session = await openPolling(url);
    for (const text of ['aaaa', 'bbbb', 'cccc', 'd']) sessions()[0].send(text);

    expect((await poll(session)).body).toBe('4aaaa\x1e4bbbb');
    expect((await poll(session)).body).toBe('4cccc\x1e4d');
  });

  it('goes one packet less where one byte is too much', async () => {
    const { url, sessions } = await startEngine({ pollingMaxBufferSize: 10 });
    const session = await openPolling(url);
    for (const text of ['aaaa', 'bbbb']) sessions()[0].send(text);

    expect((await poll(session)).body).toBe('4aaaa');
    expect((await poll(session)).body).toBe('4bbbb');
  });

  it('counts the bytes of UTF-8 and of base64', async () => {
    const { url, sessions } = await startEngine({ pollingMaxBufferSize: 8 });
    const session = await openPolling(url);
    sessions()[0].send('éé');
    sessions()[0].send('x');
    sessions()[0].send(Buffer.from([1, 2]));
    sessions()[0].send('y');

    expect((await poll(session)).body).toBe('4éé\x1e4x');
    expect((await poll(session)).body).toBe('bAQI=\x1e4y');
  });

  it('lets a packet pass alone that is larger than the bound [P14]', async () => {
    const { url, sessions } = await startEngine({ pollingMaxBufferSize: 5 });
    const session = await openPolling(url);
    for (const text of ['a', 'b'.repeat(50), 'c']) sessions()[0].send(text);

    expect((await poll(session)).body).toBe('4a');
    expect((await poll(session)).body).toBe(`4${'b'.repeat(50)}`);
    expect((await poll(session)).body).toBe('4c');
  });

  it('delivers all of it in order before a close that waits', async () => {
    const { url, sessions } = await startEngine({ pollingMaxBufferSize: 5 });
    const session = await openPolling(url);
    for (const text of ['aa', 'bb', 'cc']) sessions()[0].send(text);
    const closed = nextEvent(sessions()[0], 'close');
    sessions()[0].close();

    const bodies: string[] = [];
    while (!bodies.at(-1)?.endsWith('1')) bodies.push((await poll(session)).body);

    expect(bodies.slice(0, 3)).toEqual(['4aa', '4bb', '4cc']);
    await closed;
  });
});

describe('a POST of many packets', () => {
  it('is handed on in slices, between which others get their turn, all of it in order', async () => {
    const { url, sessions } = await startEngine();
    const session = await openPolling(url);
    const other = await openWebSocket(url);
    await other.next();
    const received: string[] = [];
    sessions()[0].removeAllListeners('data');
    sessions()[0].on('data', (data: string) => {
      received.push(data);
      if (data === '0') setImmediate(() => received.push('turn'));
    });
    const packets = Array.from({ length: 10_000 }, (_, i) => `4${i}`);

    expect((await push(session, packets.join('\x1e'))).body).toBe('ok');

    const turn = received.indexOf('turn');
    expect(turn).toBeGreaterThan(0);
    expect(turn).toBeLessThan(1000);
    expect(received.toSpliced(turn, 1)).toEqual(packets.map((packet) => packet.slice(1)));
  });

  it('ends where the session ends in the middle of it [R5]', async () => {
    const { url, sessions, engine } = await startEngine();
    const session = await openPolling(url);
    let count = 0;
    const [open] = sessions();
    open.on('data', () => {
      if (++count === 300) open.close(true);
    });

    await push(session, Array.from({ length: 1000 }, () => '4x').join('\x1e'));

    expect(count).toBe(300);
    expect(engine.clientsCount).toBe(0);
  });

  it('ends at a malformed packet of a later slice with 400', async () => {
    const { url, sessions, engine } = await startEngine();
    const session = await openPolling(url);
    const closed = nextEvent(sessions()[0], 'close');
    const packets = Array.from({ length: 600 }, () => '4x');
    packets[500] = 'junk';

    expect((await push(session, packets.join('\x1e'))).status).toBe(400);

    expect(await closed).toEqual(['parse error', expect.objectContaining({ code: 'INVALID_PACKET' })]);
    expect(engine.clientsCount).toBe(0);
  });
});

describe('a poll of a session that has ended', () => {
  it('is answered at once where a connection listener closes the session', async () => {
    const { url, engine } = await startEngine({ maxPollWait: 60_000 });
    engine.prependListener('connection', (session: { close(discard: boolean): void }) => session.close(true));

    const answer = await fetch(`${url}?EIO=4&transport=polling`, { signal: AbortSignal.timeout(2000) });

    expect(answer.status).toBeLessThan(500);
    expect(engine.clientsCount).toBe(0);
    expect(engine.wheel.size).toBe(0);
  });

  it('leaves nothing where the peer never comes back for the close', async () => {
    const { url, engine, sessions } = await startEngine({ closeTimeout: 50 });
    await openPolling(url);
    sessions()[0].close();

    await until(() => engine.clientsCount === 0);

    expect(engine.wheel.size).toBe(0);
  });
});

describe('postTimeout', () => {
  it('answers a POST that does not become whole in time with 408, and ends the session', async () => {
    const { url, sessions } = await startEngine({ postTimeout: 80 });
    const session = await openPolling(url);
    const closed = nextEvent(sessions()[0], 'close');
    const body = pushInPieces(session);

    await body.write('4a');

    expect((await body.answer).status).toBe(408);
    expect(await closed).toMatchObject(['transport error', { code: 'PUSH_TIMEOUT' }]);
  });

  it('leaves no timer behind a POST that became whole', async () => {
    const { url, engine } = await startEngine({ postTimeout: 5_000 });
    const session = await openPolling(url);
    const idle = engine.wheel.size;

    expect((await push(session, '4a')).status).toBe(200);

    expect(engine.wheel.size).toBe(idle);
  });
});
