import type { WireSocket } from '../../support/engine-client.js';
import { joinMain, openSession } from '../../support/socketio-client.js';
import { startSocketIoServer, unlikeOfficial } from '../../support/conformance-server.js';

/** The next frame, or "closed" where the server hangs up instead. */
function answer(wire: WireSocket): Promise<string> {
  return wire.next().then(String, () => wire.closed.then(() => 'closed'));
}

/** Reads on until this very frame, or until the server hangs up. */
async function readUntil(wire: WireSocket, frame: string): Promise<void> {
  let got: string;
  do got = await answer(wire);
  while (got !== frame && got !== 'closed');
}

describe('Socket.IO v5: refusal of a connection', () => {
  it.each([
    ['40/random', '44/random,{"message":"Invalid namespace"}'],
    ['40/random,', '44/random,{"message":"Invalid namespace"}'],
    ['40/random,{"token":"123"}', '44/random,{"message":"Invalid namespace"}'],
    ['40/custom?token=123,', '44/custom?token=123,{"message":"Invalid namespace"}'],
    ['40/__proto__,', '44/__proto__,{"message":"Invalid namespace"}'],
  ])('answers "%s" with an error', async (packet, error) => {
    const { url } = await startSocketIoServer();
    const wire = await openSession(url);

    wire.send(packet);

    expect(await wire.next()).toBe(error);
  });

  it('says why a middleware refused', async () => {
    const { url, io } = await startSocketIoServer();
    io.use((_socket, next) => next(new Error('Not authorized')));
    const wire = await openSession(url);

    wire.send('40');

    expect(await wire.next()).toBe('44{"message":"Not authorized"}');
  });

  it('sends the data that a middleware gives with its error', async () => {
    const { url, io } = await startSocketIoServer();
    io.of('/custom').use((_socket, next) => next(Object.assign(new Error('Not authorized'), { data: { retry: 5 } })));
    const wire = await openSession(url);

    wire.send('40/custom,');

    expect(await wire.next()).toBe('44/custom,{"message":"Not authorized","data":{"retry":5}}');
  });

  it('lets a client try again over the same connection', async () => {
    const { url, io } = await startSocketIoServer();
    io.use((socket, next) => next(socket.handshake.auth.token === '123' ? undefined : new Error('Not authorized')));
    const wire = await openSession(url);

    wire.send('40{"token":"guess"}');
    expect(await wire.next()).toBe('44{"message":"Not authorized"}');
    wire.send('40{"token":"123"}');

    expect(await wire.next()).toMatch(/^40\{"sid":/);
  });

  it('leaves the namespaces that were joined alone [N3]', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('40/random,');
    expect(await wire.next()).toBe('44/random,{"message":"Invalid namespace"}');
    wire.send('42["message","still here"]');

    expect(await wire.next()).toBe('42["message-back","still here"]');
  });

  it.each(['40"token"', '40["token"]', '40null', '40{"token":', '40/custom,true'])(
    'lets nobody in by the payload of "%s", which is no object',
    async (packet) => {
      const { url, io } = await startSocketIoServer();
      const wire = await openSession(url);

      wire.send(packet);

      expect(await answer(wire)).toMatch(/^(closed$|44)/);
      expect(io.of('/').sockets.size + io.of('/custom').sockets.size).toBe(0);
    },
  );

  it('closes a connection that joins nothing in time', async () => {
    const { url } = await startSocketIoServer({ connectTimeout: 50 });
    const wire = await openSession(url);

    await wire.closed;

    expect(wire.unread).toEqual([]);
  });

  it('closes a connection that was only refused in time', async () => {
    const { url } = await startSocketIoServer({ connectTimeout: 50 });
    const wire = await openSession(url);

    wire.send('40/random,');

    await wire.closed;
    expect(wire.unread).toEqual(['44/random,{"message":"Invalid namespace"}']);
  });

  unlikeOfficial('it stops the timer for good at the first join')(
    'closes a connection that left its last namespace and joins nothing in time',
    async () => {
      const { url } = await startSocketIoServer({ connectTimeout: 50 });
      const wire = await joinMain(url);

      wire.send('41');

      await wire.closed;
    },
  );
});

describe('Socket.IO v5: breaches of the connect sequence', () => {
  it.each([
    'abc',
    '',
    '1',
    '2["message","too early"]',
    '2/custom,["message","too early"]',
    '3456[1]',
    '4{"message":"not yours"}',
  ])('closes upon the packet "4%s" before any CONNECT [H4]', async (packet) => {
    const { url } = await startSocketIoServer();
    const wire = await openSession(url);

    wire.send(`4${packet}`);

    await wire.closed;
    expect(wire.unread).toEqual([]);
  });

  it('closes upon a binary frame before any CONNECT', async () => {
    const { url } = await startSocketIoServer();
    const wire = await openSession(url);

    wire.send(Uint8Array.of(1, 2, 3));

    await wire.closed;
  });

  unlikeOfficial('it waits for the attachment before it asks')(
    'closes upon the head of a binary packet before any CONNECT',
    async () => {
      const { url } = await startSocketIoServer();
      const wire = await openSession(url);

      wire.send('451-["message",{"_placeholder":true,"num":0}]');

      await wire.closed;
    },
  );

  it('closes upon a packet for a namespace that was not joined [N7]', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('42/custom,["message","too early"]');

    await wire.closed;
  });

  unlikeOfficial('it closes the connection')('opens the namespace anew upon a second CONNECT [N12]', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('40');

    expect(await wire.next()).toMatch(/^40\{"sid":/);
  });

  it('closes upon a CONNECT_ERROR, which is for the server to send [I17]', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('44{"message":"not yours"}');

    await wire.closed;
  });

  unlikeOfficial('it opens one socket for each')('opens no second socket while a CONNECT is pending', async () => {
    const { url, io } = await startSocketIoServer();
    const pending: (() => void)[] = [];
    io.of('/slow').use((_socket, next) => pending.push(next));
    const wire = await openSession(url);

    wire.send('40/slow,');
    wire.send('40/slow,');
    wire.send('40/before,');
    await readUntil(wire, '44/before,{"message":"Invalid namespace"}');
    for (const next of pending) next();
    wire.send('40/after,');
    await readUntil(wire, '44/after,{"message":"Invalid namespace"}');

    expect(io.of('/slow').sockets.size).toBeLessThanOrEqual(1);
  });
});
