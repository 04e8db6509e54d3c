import type { Socket } from 'socket.io';
import { openPolling, poll, push } from '../../support/engine-client.js';
import { joinCustom, joinMain } from '../../support/socketio-client.js';
import { nextEvent } from '../../support/until.js';
import {
  BRISK,
  startSocketIoServer,
  unlikeOfficial,
  type ConformanceServer,
} from '../../support/conformance-server.js';

function onlySocket({ io }: ConformanceServer, namespace: string): Socket {
  return [...io.of(namespace).sockets.values()][0]!;
}

describe('Socket.IO v5: disconnection by the client', () => {
  it('leaves the main namespace without an answer and keeps the connection', async () => {
    const { url } = await startSocketIoServer(BRISK);
    const wire = await joinMain(url);

    wire.send('41');

    expect(await wire.next()).toBe('2');
  });

  it('tells the application', async () => {
    const server = await startSocketIoServer();
    const wire = await joinMain(server.url);
    const disconnected = nextEvent(onlySocket(server, '/'), 'disconnect');

    wire.send('41');

    expect((await disconnected)[0]).toBe('client namespace disconnect');
    expect(server.io.of('/').sockets.size).toBe(0);
  });

  it.each(['41/custom,', '41/custom'])(
    'leaves a custom namespace by "%s" and stays in the main one [N11]',
    async (packet) => {
      const server = await startSocketIoServer();
      const wire = await joinMain(server.url);
      await joinCustom(wire);
      const disconnected = nextEvent(onlySocket(server, '/custom'), 'disconnect');

      wire.send(packet);
      wire.send('42["message","still here"]');

      await disconnected;
      expect(await wire.next()).toBe('42["message-back","still here"]');
    },
  );

  it('leaves the main namespace and stays in a custom one', async () => {
    const server = await startSocketIoServer();
    server.io.of('/custom').on('connection', (socket) => socket.on('hey', () => socket.emit('hey-back')));
    const wire = await joinMain(server.url);
    await joinCustom(wire);

    wire.send('41');
    wire.send('42/custom,["hey"]');

    expect(await wire.next()).toBe('42/custom,["hey-back"]');
    expect(server.io.of('/').sockets.size).toBe(0);
  });

  it('may join again, as a new socket', async () => {
    const server = await startSocketIoServer();
    const wire = await joinMain(server.url);
    const disconnected = nextEvent(onlySocket(server, '/'), 'disconnect');

    wire.send('41');
    await disconnected;
    wire.send('40{"token":"123"}');

    expect(await wire.next()).toMatch(/^40\{"sid":"[\w-]{20}"\}$/);
    expect(await wire.next()).toBe('42["auth",{"token":"123"}]');
  });

  unlikeOfficial('it leaves a turn later and takes the CONNECT for a second one')(
    'may join again without a pause',
    async () => {
      const { url } = await startSocketIoServer();
      const wire = await joinMain(url);

      wire.send('41');
      wire.send('40');

      expect(await wire.next()).toMatch(/^40\{"sid":"[\w-]{20}"\}$/);
    },
  );

  it('leaves over long-polling and may join again', async () => {
    const { url } = await startSocketIoServer();
    const session = await openPolling(url);
    await push(session, '40');
    await poll(session);

    await push(session, '41');
    await push(session, '40');

    expect((await poll(session)).body).toMatch(/^40\{"sid":/);
  });

  it('leaves every namespace when the connection ends', async () => {
    const server = await startSocketIoServer();
    const wire = await joinMain(server.url);
    await joinCustom(wire);
    const gone = ['/', '/custom'].map((name) => nextEvent(onlySocket(server, name), 'disconnect'));

    wire.close();

    expect((await Promise.all(gone)).map(([reason]) => reason)).toEqual(['transport close', 'transport close']);
  });
});

describe('Socket.IO v5: disconnection by the server', () => {
  it('sends a packet and keeps the connection', async () => {
    const server = await startSocketIoServer();
    const wire = await joinMain(server.url);

    onlySocket(server, '/').disconnect();

    expect(await wire.next()).toBe('41');
    wire.send('40');
    expect(await wire.next()).toMatch(/^40\{"sid":/);
  });

  it('names the custom namespace and leaves the others alone', async () => {
    const server = await startSocketIoServer();
    const wire = await joinMain(server.url);
    await joinCustom(wire);

    onlySocket(server, '/custom').disconnect();

    expect(await wire.next()).toBe('41/custom,');
    wire.send('42["message","still here"]');
    expect(await wire.next()).toBe('42["message-back","still here"]');
  });

  it('closes the connection as well where the application says so [C1]', async () => {
    const server = await startSocketIoServer();
    const wire = await joinMain(server.url);

    onlySocket(server, '/').disconnect(true);

    expect(await wire.next()).toBe('41');
    await wire.closed;
  });

  it('comes after what was emitted before [C2]', async () => {
    const server = await startSocketIoServer();
    const wire = await joinMain(server.url);
    const socket = onlySocket(server, '/');

    socket.emit('last', 'words');
    socket.disconnect();

    expect(await wire.next()).toBe('42["last","words"]');
    expect(await wire.next()).toBe('41');
  });
});
