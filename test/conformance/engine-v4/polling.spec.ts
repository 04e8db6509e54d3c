import {
  openPolling,
  openWebSocket,
  poll,
  push,
  pushInPieces,
  request,
  type PollingSession,
} from '../../support/engine-client.js';
import { nextEvent } from '../../support/until.js';
import { startEngineServer, unlikeOfficial } from '../../support/conformance-server.js';

async function expectUnknown(session: PollingSession): Promise<void> {
  const answer = await poll(session);
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.body)).toEqual({ code: 1, message: 'Session ID unknown' });
}

describe('Engine.IO v4: messages over HTTP long-polling', () => {
  it('takes a packet with "ok" and gives it back to the next GET', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);

    const pushed = await push(session, '4hello');
    const polled = await poll(session);

    expect(pushed).toMatchObject({ status: 200, body: 'ok' });
    expect(polled).toMatchObject({ status: 200, body: '4hello' });
    expect(polled.headers.get('content-type')?.toLowerCase()).toBe('text/plain; charset=utf-8');
    expect(polled.headers.get('cache-control')).toBe('no-store');
  });

  it('keeps a GET open until there is a packet [P15]', async () => {
    const server = await startEngineServer();
    const session = await openPolling(server.url);
    const taken = server.nextRequest();
    const polled = poll(session);
    await taken;

    await push(session, '4at last');

    expect((await polled).body).toBe('4at last');
  });

  unlikeOfficial('it lets a GET wait until the next ping')(
    'answers a GET that waited long enough with a noop packet',
    async () => {
      const { url } = await startEngineServer({ maxPollWait: 50 } as object);
      const session = await openPolling(url);

      expect(await poll(session)).toMatchObject({ status: 200, body: '6' });
      await push(session, '4hello');
      expect((await poll(session)).body).toBe('4hello');
    },
  );

  it('separates packets by the record separator, in both directions [R1]', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);

    await push(session, '4one\x1e4two\x1e4three');

    expect((await poll(session)).body).toBe('4one\x1e4two\x1e4three');
  });

  it('keeps the order over several requests', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);

    await push(session, '4one');
    await push(session, '4two\x1e4three');
    await push(session, '4four');

    expect((await poll(session)).body).toBe('4one\x1e4two\x1e4three\x1e4four');
  });

  it('carries binary packets as base64 with the prefix "b" [P26]', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);

    await push(session, '4hello\x1ebAQIDBA==');

    expect((await poll(session)).body).toBe('4hello\x1ebAQIDBA==');
  });

  it('hands binary packets to the application as bytes', async () => {
    const { url, sessions } = await startEngineServer();
    const session = await openPolling(url);
    const received = nextEvent(sessions.get(session.sid)!, 'data');
    const everyByte = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

    await push(session, `b${everyByte.toString('base64')}`);

    expect(await received).toEqual([everyByte]);
    expect((await poll(session)).body).toBe(`b${everyByte.toString('base64')}`);
  });

  it('carries text beyond ASCII as UTF-8', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);

    await push(session, '4€uro 😀 \u0000 \u2028');

    expect((await poll(session)).body).toBe('4€uro 😀 \u0000 \u2028');
  });

  it('carries characters that are cut between two pieces of a body', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);
    const smile = new TextEncoder().encode('4😀');
    const body = new ReadableStream({
      start(stream) {
        for (const byte of smile) stream.enqueue(Uint8Array.of(byte));
        stream.close();
      },
    });

    await request(session.url, { method: 'POST', body, duplex: 'half' } as RequestInit);

    expect((await poll(session)).body).toBe('4😀');
  });

  it('carries an empty message', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);

    await push(session, '4');

    expect((await poll(session)).body).toBe('4');
  });

  it('keeps sessions apart', async () => {
    const { url } = await startEngineServer();
    const first = await openPolling(url);
    const second = await openPolling(url);

    await push(first, '4for the first');
    await push(second, '4for the second');

    expect((await poll(second)).body).toBe('4for the second');
    expect((await poll(first)).body).toBe('4for the first');
  });
});

describe('Engine.IO v4: breaches over HTTP long-polling', () => {
  it.each(['abc', '7', '9x', '{"type":4}'])(
    'closes the session upon the malformed packet "%s" [I5]',
    async (packet) => {
      const { url, sessions } = await startEngineServer();
      const session = await openPolling(url);
      const closed = nextEvent(sessions.get(session.sid)!, 'close');

      await Promise.allSettled([push(session, packet)]);

      expect((await closed)[0]).toBe('parse error');
      await expectUnknown(session);
    },
  );

  unlikeOfficial('it answers "ok" or drops the connection')('answers a malformed packet with 400', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);

    expect((await push(session, 'abc')).status).toBe(400);
  });

  it('takes the packets before a malformed one and none after it', async () => {
    const { url, sessions } = await startEngineServer();
    const session = await openPolling(url);
    const received: unknown[] = [];
    sessions.get(session.sid)!.on('data', (data) => received.push(data));

    await Promise.allSettled([push(session, '4before\x1eabc\x1e4after')]);

    await expectUnknown(session);
    expect(received).toEqual(['before']);
  });

  it('refuses a binary body, which v4 has no use for, and closes the session', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);
    const headers = { 'Content-Type': 'application/octet-stream' };

    const answer = await request(session.url, { method: 'POST', headers, body: Uint8Array.of(1, 2, 3) });

    expect(answer.status).toBe(400);
    await expectUnknown(session);
  });

  it('refuses a second GET while one waits, ends the first with a close packet and closes the session [P17]', async () => {
    const server = await startEngineServer();
    const session = await openPolling(server.url);
    const taken = server.nextRequest();
    const first = poll(session);
    await taken;

    const second = await poll(session);

    expect(second.status).toBe(400);
    expect(await first).toMatchObject({ status: 200, body: '1' });
    await expectUnknown(session);
  });

  it('refuses a second POST while one is under way and closes the session [P7]', async () => {
    const server = await startEngineServer();
    const session = await openPolling(server.url);
    const taken = server.nextRequest();
    const first = pushInPieces(session);
    await first.write('4unfini');
    await taken;

    const second = await push(session, '4overtaking');

    expect(second.status).toBe(400);
    await expectUnknown(session);
    first.abort();
  });

  it('accepts a GET and a POST at the same time', async () => {
    const server = await startEngineServer();
    const session = await openPolling(server.url);
    const taken = server.nextRequest();
    const pushing = pushInPieces(session);
    await pushing.write('4hel');
    await taken;

    const polled = poll(session);
    await pushing.write('lo');
    await pushing.end();

    expect((await pushing.answer).body).toBe('ok');
    expect((await polled).body).toBe('4hello');
  });

  it('closes the session when the client gives up a GET [P19]', async () => {
    const server = await startEngineServer();
    const session = await openPolling(server.url);
    const closed = nextEvent(server.sessions.get(session.sid)!, 'close');
    const aborter = new AbortController();
    const taken = server.nextRequest();
    const abandoned = poll(session, aborter.signal).catch((error: Error) => error.name);
    await taken;

    aborter.abort();

    expect(await abandoned).toBe('AbortError');
    await closed;
    await expectUnknown(session);
  });

  it('closes the session when the client gives up a POST', async () => {
    const server = await startEngineServer();
    const session = await openPolling(server.url);
    const received: unknown[] = [];
    const peer = server.sessions.get(session.sid)!;
    peer.on('data', (data) => received.push(data));
    const closed = nextEvent(peer, 'close');
    const taken = server.nextRequest();
    const pushing = pushInPieces(session);
    await pushing.write('4half a mess');
    await taken;

    pushing.abort();

    await closed;
    await expectUnknown(session);
    expect(received).toEqual([]);
  });

  it('refuses other methods on a session, which lives on', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);

    const answer = await request(session.url, { method: 'PUT', body: '4hello' });
    await push(session, '4still here');

    expect([400, 405, 500]).toContain(answer.status);
    expect((await poll(session)).body).toBe('4still here');
  });

  it('refuses long-polling on a WebSocket session with code 3, which lives on', async () => {
    const { url } = await startEngineServer();
    const wire = await openWebSocket(url);
    const { sid } = JSON.parse(((await wire.next()) as string).slice(1)) as { sid: string };

    const answer = await request(`${url}?EIO=4&transport=polling&sid=${sid}`);
    wire.send('4still here');

    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toEqual({ code: 3, message: 'Bad request' });
    expect(await wire.next()).toBe('4still here');
  });

  it('refuses another protocol version on a session, which lives on', async () => {
    const { url } = await startEngineServer();
    const session = await openPolling(url);

    const answer = await request(session.url.replace('EIO=4', 'EIO=3'));
    await push(session, '4still here');

    expect(answer.status).toBe(400);
    expect((await poll(session)).body).toBe('4still here');
  });
});
