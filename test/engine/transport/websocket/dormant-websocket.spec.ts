import { createServer } from 'node:https';
import { connect } from 'node:tls';
import type { Session } from '../../../../src/engine/index.js';
import { cleanup } from '../../../support/cleanup.js';
import { clientFrame, openRawWebSocket, RawSocket, textFrame, upgradeRequest } from '../../../support/raw-socket.js';
import { createEngine, listen, startEngine } from '../../../support/server.js';
import { TEST_TLS } from '../../../support/tls.js';
import { nextEvent, until } from '../../../support/until.js';

async function openSession(): Promise<{ raw: RawSocket; session: Session }> {
  const { port, url, sessions } = await startEngine();
  const raw = await openRawWebSocket(port, new URL(url).pathname);
  await until(() => sessions().length === 1);
  raw.received = '';
  return { raw, session: sessions()[0] };
}

describe('a WebSocket for which ws has made nothing yet', () => {
  it('answers a ping as its first frame, and goes on', async () => {
    const { raw, session } = await openSession();
    const message = nextEvent(session, 'message');

    raw.write(Buffer.concat([clientFrame(0x89, 'hi'), textFrame('4after')]));

    await raw.arrival('\x8a\x02hi');
    expect(await message).toEqual(['after']);
  });

  it('answers a ping that comes with the handshake only behind the 101', async () => {
    const { port, url } = await startEngine();
    const raw = new RawSocket(port);
    const request = upgradeRequest(`${new URL(url).pathname}?EIO=4&transport=websocket`);

    raw.write(Buffer.concat([Buffer.from(request), clientFrame(0x89, 'hi')]));

    await raw.arrival('\x8a\x02hi');
    expect(raw.received).toMatch(/^HTTP\/1\.1 101 .*\r\n\r\n\x81.0\{"sid".*\x8a\x02hi/s);
  });

  it('takes a fragmented message as its first', async () => {
    const { raw, session } = await openSession();
    const message = nextEvent(session, 'message');

    raw.write(Buffer.concat([clientFrame(0x01, '4he'), clientFrame(0x80, 'llo')]));

    expect(await message).toEqual(['hello']);
  });

  it('takes a message that arrives byte by byte', async () => {
    const { raw, session } = await openSession();
    const message = nextEvent(session, 'message');

    raw.socket.setNoDelay(true);
    for (const byte of textFrame('4slow')) {
      const { bytesReceived } = session.transport;
      raw.write(Buffer.of(byte));
      await until(() => session.transport.bytesReceived > bytesReceived);
    }

    expect(await message).toEqual(['slow']);
  });

  it('answers a close frame with its code', async () => {
    const { raw, session } = await openSession();
    const closed = nextEvent(session, 'close');

    raw.write(clientFrame(0x88, Buffer.of(0x03, 0xe8)));

    await raw.arrival('\x88\x02\x03\xe8');
    await raw.ended;
    expect((await closed)[0]).toBe('transport close');
  });

  it.each([
    ['ends the connection without a close frame', (raw: RawSocket) => void raw.socket.end()],
    ['resets the connection', (raw: RawSocket) => raw.drop(true)],
  ])('notices a peer that %s', async (_what, leave) => {
    const { raw, session } = await openSession();
    const closed = nextEvent(session, 'close');

    leave(raw);

    expect((await closed)[0]).toBe('transport close');
  });

  it('closes with the answer to the handshake, the packets so far and a close frame, in this order', async () => {
    const { port, url, engine } = await startEngine();
    engine.on('connection', (session) => session.send('last words').close());
    const raw = new RawSocket(port);
    raw.write(upgradeRequest(`${new URL(url).pathname}?EIO=4&transport=websocket`));

    await raw.arrival('\x88');

    expect(raw.received).toMatch(/^HTTP\/1\.1 101 .*\r\n\r\n\x81.0\{"sid".*\x81\x0b4last words\x88/s);
  });

  it('closes in the tick of the handshake with a close frame over TLS too, where a write is never taken at once', async () => {
    const engine = createEngine();
    engine.on('connection', (session: Session) => session.send('last words').close(true));
    const http = createServer(TEST_TLS);
    engine.attach(http);
    const port = await listen(http);
    cleanup(() => void http.close());
    const client = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    client.write(upgradeRequest(`${engine.opts.path}?EIO=4&transport=websocket`));

    const received: Buffer[] = [];
    for await (const chunk of client) {
      received.push(chunk as Buffer);
      if ((chunk as Buffer).includes('\x88\x02', 0, 'latin1')) client.end();
    }

    expect(Buffer.concat(received).toString('latin1')).toMatch(/4last words\x88\x02\x03\xe8$/);
  });

  it('gives a peer that has ended its side all that is queued, also where the session closes meanwhile', async () => {
    const { raw, session } = await openSession();
    raw.socket.pause();
    const size = 8_000_000;
    session.send('x'.repeat(size));
    const closed = nextEvent(session, 'close');
    raw.socket.end();
    await until(() => session.transport.writable === false);
    session.close();

    raw.socket.resume();

    await raw.arrivalOf(size);
    await closed;
  });

  it('wakes for a pause in a long joined frame, and reads what comes behind it in order', async () => {
    const { raw, session } = await openSession();
    const received: unknown[] = [];
    session.on('message', (message) => void received.push(message));
    const joined = Array.from({ length: 2000 }, (_, index) => `4${index}`).join('\x1e');

    raw.write(Buffer.concat([textFrame(joined), textFrame('4behind')]));

    await until(() => received.at(-1) === 'behind');
    expect(received).toEqual([...Array.from({ length: 2000 }, (_, index) => String(index)), 'behind']);
  });

  it('leaves a handshake with subprotocols to ws, which answers with the first', async () => {
    const { port, url } = await startEngine();
    const raw = new RawSocket(port);
    const request = upgradeRequest(`${new URL(url).pathname}?EIO=4&transport=websocket`);
    raw.write(request.replace('\r\n\r\n', '\r\nSec-WebSocket-Protocol: chat, other\r\n\r\n'));

    await raw.arrival('Sec-WebSocket-Protocol: chat\r\n');
    await raw.arrival('maxPayload');
  });
});
