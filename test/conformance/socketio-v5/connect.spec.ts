import { openPolling, poll, push } from '../../support/engine-client.js';
import { frames, joinMain, openSession } from '../../support/socketio-client.js';
import { nextEvent } from '../../support/until.js';
import { startSocketIoServer } from '../../support/conformance-server.js';

function sidOf(reply: unknown): string {
  return /"sid":"([\w-]{20})"/.exec(String(reply))?.[1] ?? `no sid in ${String(reply)}`;
}

describe('Socket.IO v5: connection to a namespace', () => {
  it('joins the main namespace and learns its socket id, nothing else [H9]', async () => {
    const { url } = await startSocketIoServer();
    const wire = await openSession(url);

    wire.send('40');

    expect(await wire.next()).toMatch(/^40\{"sid":"[\w-]{20}"\}$/);
    expect(await wire.next()).toBe('42["auth",{}]');
  });

  it('joins the main namespace with a payload', async () => {
    const { url } = await startSocketIoServer();
    const wire = await openSession(url);

    wire.send('40{"token":"123"}');

    expect(await wire.next()).toMatch(/^40\{"sid":"[\w-]{20}"\}$/);
    expect(await wire.next()).toBe('42["auth",{"token":"123"}]');
  });

  it.each(['40/custom,', '40/custom'])('joins a custom namespace by "%s" [N6]', async (packet) => {
    const { url } = await startSocketIoServer();
    const wire = await openSession(url);

    wire.send(packet);

    expect(await wire.next()).toMatch(/^40\/custom,\{"sid":"[\w-]{20}"\}$/);
    expect(await wire.next()).toBe('42/custom,["auth",{}]');
  });

  it('joins a custom namespace with a payload', async () => {
    const { url } = await startSocketIoServer();
    const wire = await openSession(url);

    wire.send('40/custom,{"token":"abc"}');

    expect(await wire.next()).toMatch(/^40\/custom,\{"sid":"[\w-]{20}"\}$/);
    expect(await wire.next()).toBe('42/custom,["auth",{"token":"abc"}]');
  });

  it('names the main namespace in full as well [N6]', async () => {
    const { url } = await startSocketIoServer();
    const wire = await openSession(url);

    wire.send('40/,{"token":"123"}');

    expect(await wire.next()).toMatch(/^40\{"sid":/);
    expect(await wire.next()).toBe('42["auth",{"token":"123"}]');
  });

  it('hands the payload to the application as it was sent [A4]', async () => {
    const { url } = await startSocketIoServer();
    const wire = await openSession(url);

    wire.send('40{"user":{"names":["Zoë","😀"],"age":null},"n":1.5,"deep":{"a":{"b":[{}]}}}');

    await wire.next();
    expect(await wire.next()).toBe(
      '42["auth",{"user":{"names":["Zoë","😀"],"age":null},"n":1.5,"deep":{"a":{"b":[{}]}}}]',
    );
  });

  it('joins over long-polling [A6, P8]', async () => {
    const { url } = await startSocketIoServer();
    const session = await openPolling(url);

    await push(session, '40{"token":"123"}');

    expect((await poll(session)).body).toMatch(/^40\{"sid":"[\w-]{20}"\}\x1e42\["auth",\{"token":"123"\}\]$/);
  });

  it('joins several namespaces over one connection, with an id in each [N5] [limitation: namespaces]', async () => {
    const { url } = await startSocketIoServer();
    const wire = await openSession(url);

    wire.send('40');
    const main = sidOf(await wire.next());
    await wire.next();
    wire.send('40/custom,');
    const custom = sidOf(await wire.next());

    expect(custom).toMatch(/^[\w-]{20}$/);
    expect(custom).not.toBe(main);
  });

  it('joins a custom namespace without the main one', async () => {
    const { url, io } = await startSocketIoServer();
    const wire = await openSession(url);

    wire.send('40/custom,');
    await wire.next();

    expect(io.of('/').sockets.size).toBe(0);
    expect(io.of('/custom').sockets.size).toBe(1);
  });

  it('keeps the id of the session to itself [H9]', async () => {
    const { url } = await startSocketIoServer();
    const session = await openPolling(url);

    await push(session, '40');

    expect(sidOf((await poll(session)).body)).not.toBe(session.sid);
  });

  it('joins namespaces that a pattern matches', async () => {
    const { url, io } = await startSocketIoServer();
    io.of(/^\/room-\d+$/);
    const wire = await openSession(url);

    wire.send('40/room-101,');
    expect(await wire.next()).toMatch(/^40\/room-101,\{"sid":/);
    wire.send('40/room-x,');
    expect(await wire.next()).toBe('44/room-x,{"message":"Invalid namespace"}');
  });

  it('hands the query of the transport to the application', async () => {
    const { url, io } = await startSocketIoServer();
    const connected = nextEvent(io, 'connection');
    const wire = await openSession(url, { query: { room: 'a b', x: '1' } });

    wire.send('40');

    const [socket] = (await connected) as [{ handshake: { query: unknown } }];
    expect(socket.handshake.query).toMatchObject({ room: 'a b', x: '1' });
  });

  it('sends what the application emits at the connection after the reply, in order [H10]', async () => {
    const { url, io } = await startSocketIoServer();
    io.of('/greeting').on('connection', (socket) => {
      for (const word of ['one', 'two', 'three']) socket.emit('word', word);
    });
    const wire = await openSession(url);

    wire.send('40/greeting,');

    expect(await frames(wire, 4)).toEqual([
      expect.stringMatching(/^40\/greeting,\{"sid":/),
      '42/greeting,["word","one"]',
      '42/greeting,["word","two"]',
      '42/greeting,["word","three"]',
    ]);
  });

  it('tells the application of the connection after its middlewares, once [H14]', async () => {
    const { url, io } = await startSocketIoServer();
    const order: string[] = [];
    io.use((_socket, next) => setImmediate(() => (order.push('middleware'), next())));
    io.on('connection', () => order.push('connection'));
    await joinMain(url);

    expect(order).toEqual(['middleware', 'connection']);
  });
});
