import { openWebSocket, type WebSocketOptions, type WireSocket } from '../../support/engine-client.js';
import { nextEvent } from '../../support/until.js';
import { startEngineServer, unlikeOfficial, type EngineSession } from '../../support/conformance-server.js';

async function openSession(url: string, options?: WebSocketOptions): Promise<WireSocket & { sid: string }> {
  const wire = await openWebSocket(url, options);
  const open = (await wire.next()) as string;
  return Object.assign(wire, { sid: (JSON.parse(open.slice(1)) as { sid: string }).sid });
}

describe('Engine.IO v4: messages over WebSocket', () => {
  it('carries a text packet in a text frame', async () => {
    const { url } = await startEngineServer();
    const wire = await openSession(url);

    wire.send('4hello');

    expect(await wire.next()).toBe('4hello');
  });

  it('carries a binary packet in a binary frame as it is', async () => {
    const { url, sessions } = await startEngineServer();
    const wire = await openSession(url);
    const received = nextEvent(sessions.get(wire.sid)!, 'data');

    wire.send(Uint8Array.of(1, 2, 3, 4));

    expect(await received).toEqual([Buffer.from([1, 2, 3, 4])]);
    expect(await wire.next()).toEqual(Buffer.from([1, 2, 3, 4]));
  });

  it('keeps the order of text and binary packets', async () => {
    const { url } = await startEngineServer();
    const wire = await openSession(url);

    wire.send('4one');
    wire.send(Uint8Array.of(2));
    wire.send('4three');

    expect(await wire.next()).toBe('4one');
    expect(await wire.next()).toEqual(Buffer.from([2]));
    expect(await wire.next()).toBe('4three');
  });

  it('carries text beyond ASCII as UTF-8', async () => {
    const { url } = await startEngineServer();
    const wire = await openSession(url);

    wire.send('4€uro 😀 \u0000 \u2028');

    expect(await wire.next()).toBe('4€uro 😀 \u0000 \u2028');
  });

  it('carries an empty message', async () => {
    const { url } = await startEngineServer();
    const wire = await openSession(url);

    wire.send('4');

    expect(await wire.next()).toBe('4');
  });

  it.each([125, 126, 65_535, 65_536, 999_999])('carries a message of %i bytes', async (length) => {
    const { url } = await startEngineServer();
    const wire = await openSession(url);

    wire.send(`4${'x'.repeat(length)}`);

    expect(await wire.next()).toBe(`4${'x'.repeat(length)}`);
  });

  it('puts the fragments of a message together', async () => {
    const { url } = await startEngineServer();
    const wire = await openSession(url);

    wire.sendFragments(['4', 'hel', '', 'lo']);

    expect(await wire.next()).toBe('4hello');
  });

  it('sends each packet in a frame of its own, even those of one turn [O7]', async () => {
    const { url, sessions } = await startEngineServer();
    const wire = await openSession(url);
    const session = sessions.get(wire.sid) as EngineSession;

    for (const message of ['one', 'two', 'three']) session.send(message);

    expect(await wire.next()).toBe('4one');
    expect(await wire.next()).toBe('4two');
    expect(await wire.next()).toBe('4three');
  });

  it('takes no offence at a noop packet, nor at an upgrade packet out of place [I4]', async () => {
    const { url } = await startEngineServer();
    const wire = await openSession(url);

    wire.send('6');
    wire.send('5');
    wire.send('4still here');

    expect(await wire.next()).toBe('4still here');
  });
});

describe('Engine.IO v4: breaches over WebSocket', () => {
  it.each(['abc', '7', '9x', '{"type":4}', ''])(
    'closes the session upon the malformed packet "%s" [I5, I6]',
    async (packet) => {
      const { url, sessions } = await startEngineServer();
      const wire = await openSession(url);
      const closed = nextEvent(sessions.get(wire.sid)!, 'close');

      wire.send(packet);

      expect((await closed)[0]).toBe('parse error');
      await wire.closed;
    },
  );

  it('hands nothing to the application after a malformed packet', async () => {
    const { url, sessions } = await startEngineServer();
    const wire = await openSession(url);
    const received: unknown[] = [];
    sessions.get(wire.sid)!.on('data', (data) => received.push(data));

    wire.send('4before');
    wire.send('abc');
    wire.send('4after');

    await wire.closed;
    expect(received).toEqual(['before']);
  });

  it('closes the session when the client sends a ping, which is for the server to send [I2]', async () => {
    const { url } = await startEngineServer();
    const wire = await openSession(url);

    wire.send('2');

    await wire.closed;
  });

  it('closes with 1007 upon a text frame that is not UTF-8', async () => {
    const { url } = await startEngineServer();
    const wire = await openSession(url);

    wire.sendAsText(Uint8Array.of(0x34, 0xc3, 0x28));

    expect((await wire.closed).code).toBe(1007);
  });

  it('ends the session when the client closes its WebSocket', async () => {
    const { url, sessions } = await startEngineServer();
    const wire = await openSession(url);
    const closed = nextEvent(sessions.get(wire.sid)!, 'close');

    wire.close();

    expect((await closed)[0]).toBe('transport close');
  });

  unlikeOfficial('it would move the session to the second WebSocket')(
    'closes a second WebSocket of a session and keeps the first',
    async () => {
      const { url } = await startEngineServer();
      const first = await openSession(url);

      const second = await openWebSocket(url, { sid: first.sid }).catch(() => null);
      second?.send('2probe');
      second?.send('5');
      await second?.closed;
      first.send('4still here');

      expect(second?.unread ?? []).toEqual([]);
      expect(await first.next()).toBe('4still here');
    },
  );
});
