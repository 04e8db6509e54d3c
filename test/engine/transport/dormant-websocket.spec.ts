import { openRawWebSocket, RawSocket, textFrame, upgradeRequest } from '../../support/raw-socket.js';
import { startEngine } from '../../support/server.js';
import { nextEvent, until } from '../../support/until.js';

/** A client's frame under a mask of zeros. */
function frame(first: number, payload: string | Buffer): Buffer {
  const body = Buffer.from(payload);
  return Buffer.concat([Buffer.of(first, 0x80 | body.length, 0, 0, 0, 0), body]);
}

async function openSession(): Promise<{ raw: RawSocket; session: import('../../../src/engine/index.js').Session }> {
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

    raw.write(Buffer.concat([frame(0x89, 'hi'), textFrame('4after')]));

    await raw.arrival('\x8a\x02hi');
    expect(await message).toEqual(['after']);
  });

  it('answers a ping that comes with the handshake only behind the 101', async () => {
    const { port, url } = await startEngine();
    const raw = new RawSocket(port);
    const request = upgradeRequest(`${new URL(url).pathname}?EIO=4&transport=websocket`);

    raw.write(Buffer.concat([Buffer.from(request), frame(0x89, 'hi')]));

    await raw.arrival('\x8a\x02hi');
    expect(raw.received).toMatch(/^HTTP\/1\.1 101 .*\r\n\r\n\x81.0\{"sid".*\x8a\x02hi/s);
  });

  it('takes a fragmented message as its first', async () => {
    const { raw, session } = await openSession();
    const message = nextEvent(session, 'message');

    raw.write(Buffer.concat([frame(0x01, '4he'), frame(0x80, 'llo')]));

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

    raw.write(frame(0x88, Buffer.of(0x03, 0xe8)));

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

  it('leaves a handshake with subprotocols to ws, which answers with the first', async () => {
    const { port, url } = await startEngine();
    const raw = new RawSocket(port);
    const request = upgradeRequest(`${new URL(url).pathname}?EIO=4&transport=websocket`);
    raw.write(request.replace('\r\n\r\n', '\r\nSec-WebSocket-Protocol: chat, other\r\n\r\n'));

    await raw.arrival('Sec-WebSocket-Protocol: chat\r\n');
    await raw.arrival('maxPayload');
  });
});
