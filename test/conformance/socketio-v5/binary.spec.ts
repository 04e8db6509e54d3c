import { openPolling, poll, push } from '../../support/engine-client.js';
import { frames, joinCustom, joinMain } from '../../support/socketio-client.js';
import { nextEvent } from '../../support/until.js';
import { startSocketIoServer, unlikeOfficial } from '../../support/conformance-server.js';

const PLACEHOLDER = (num: number) => `{"_placeholder":true,"num":${num}}`;

describe('Socket.IO v5: binary packets', () => {
  it('carries one attachment [I17]', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('451-["message",{"_placeholder":true,"num":0}]');
    wire.send(Uint8Array.of(1, 2, 3));

    expect(await frames(wire, 2)).toEqual([
      '451-["message-back",{"_placeholder":true,"num":0}]',
      Buffer.from([1, 2, 3]),
    ]);
  });

  it('carries two attachments', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
    wire.send(Uint8Array.of(1, 2, 3));
    wire.send(Uint8Array.of(4, 5, 6));

    expect(await frames(wire, 3)).toEqual([
      '452-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
      Buffer.from([1, 2, 3]),
      Buffer.from([4, 5, 6]),
    ]);
  });

  it('carries ten attachments, whose number has two digits', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);
    const places = Array.from({ length: 10 }, (_, i) => PLACEHOLDER(i)).join();

    wire.send(`4510-["message",${places}]`);
    for (let i = 0; i < 10; i++) wire.send(Uint8Array.of(i));

    const [head, ...attachments] = await frames(wire, 11);
    expect(head).toBe(`4510-["message-back",${places}]`);
    expect(attachments).toEqual(Array.from({ length: 10 }, (_, i) => Buffer.from([i])));
  });

  unlikeOfficial('it allows 10 attachments')('carries 64 attachments', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);
    const places = Array.from({ length: 64 }, (_, i) => PLACEHOLDER(i)).join();

    wire.send(`4564-["message",${places}]`);
    for (let i = 0; i < 64; i++) wire.send(Uint8Array.of(i));

    const [head, ...attachments] = await frames(wire, 65);
    expect(head).toBe(`4564-["message-back",${places}]`);
    expect(attachments).toEqual(Array.from({ length: 64 }, (_, i) => Buffer.from([i])));
  });

  it('puts attachments where their placeholders are, at any depth [limitation: binary]', async () => {
    const { url, io } = await startSocketIoServer();
    const received = new Promise((resolve) => io.on('connection', (socket) => socket.on('deep', resolve)));
    const wire = await joinMain(url);

    wire.send('452-["deep",{"a":[0,{"_placeholder":true,"num":0}],"b":{"c":{"_placeholder":true,"num":1}}}]');
    wire.send(Uint8Array.of(1));
    wire.send(Uint8Array.of(2));

    expect(await received).toEqual({ a: [0, Buffer.from([1])], b: { c: Buffer.from([2]) } });
  });

  it('goes by the number of a placeholder, not by its place', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('452-["message",{"_placeholder":true,"num":1},{"num":0,"_placeholder":true}]');
    wire.send(Uint8Array.of(0));
    wire.send(Uint8Array.of(1));

    expect(await frames(wire, 3)).toEqual([
      '452-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
      Buffer.from([1]),
      Buffer.from([0]),
    ]);
  });

  it('carries an empty attachment', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('451-["message",{"_placeholder":true,"num":0}]');
    wire.send(new Uint8Array(0));

    expect(await frames(wire, 2)).toEqual(['451-["message-back",{"_placeholder":true,"num":0}]', Buffer.alloc(0)]);
  });

  it('names the namespace after the number of attachments', async () => {
    const { url, io } = await startSocketIoServer();
    io.of('/custom').on('connection', (socket) => socket.on('baz', (...args) => socket.emit('baz-back', ...args)));
    const wire = await joinMain(url);
    await joinCustom(wire);

    wire.send('452-/custom,["baz",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
    wire.send(Uint8Array.of(1, 2));
    wire.send(Uint8Array.of(3, 4));

    expect(await frames(wire, 3)).toEqual([
      '452-/custom,["baz-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
      Buffer.from([1, 2]),
      Buffer.from([3, 4]),
    ]);
  });

  it('acknowledges with attachments [limitation: binary]', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('452-789["message-with-ack",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
    wire.send(Uint8Array.of(1, 2, 3));
    wire.send(Uint8Array.of(4, 5, 6));

    expect(await frames(wire, 3)).toEqual([
      '462-789[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
      Buffer.from([1, 2, 3]),
      Buffer.from([4, 5, 6]),
    ]);
  });

  it('acknowledges a binary event by text and a text event by binary', async () => {
    const { url, io } = await startSocketIoServer();
    io.on('connection', (socket) => {
      socket.on('length', (bytes: Buffer, ack) => ack(bytes.length));
      socket.on('bytes', (length: number, ack) => ack(Buffer.alloc(length, 7)));
    });
    const wire = await joinMain(url);

    wire.send('451-14["length",{"_placeholder":true,"num":0}]');
    wire.send(Uint8Array.of(1, 2, 3, 4));
    wire.send('4215["bytes",2]');

    expect(await frames(wire, 3)).toEqual(['4314[4]', '461-15[{"_placeholder":true,"num":0}]', Buffer.from([7, 7])]);
  });

  it('carries attachments over long-polling as base64 [P12] [limitation: binary]', async () => {
    const { url } = await startSocketIoServer();
    const session = await openPolling(url);
    await push(session, '40');
    await poll(session);

    await push(
      session,
      '452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]\x1ebAQIDBA==\x1ebBQ==',
    );

    expect((await poll(session)).body).toBe(
      '452-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]\x1ebAQIDBA==\x1ebBQ==',
    );
  });

  it('waits for attachments that come in later requests', async () => {
    const { url } = await startSocketIoServer();
    const session = await openPolling(url);
    await push(session, '40');
    await poll(session);

    await push(session, '451-["message",{"_placeholder":true,"num":0}]');
    await push(session, 'bAQIDBA==');

    expect((await poll(session)).body).toBe('451-["message-back",{"_placeholder":true,"num":0}]\x1ebAQIDBA==');
  });

  it('sends an event with its attachments in one piece, whatever else is emitted [O8]', async () => {
    const { url, io } = await startSocketIoServer();
    const wire = await joinMain(url);

    io.emit('first', Buffer.from([1]), { deep: Buffer.from([2]) });
    io.emit('second', 'text');

    expect(await frames(wire, 4)).toEqual([
      '452-["first",{"_placeholder":true,"num":0},{"deep":{"_placeholder":true,"num":1}}]',
      Buffer.from([1]),
      Buffer.from([2]),
      '42["second","text"]',
    ]);
  });

  it('takes a pong between attachments', async () => {
    const { url } = await startSocketIoServer({ pingInterval: 50, pingTimeout: 3000 });
    const wire = await joinMain(url);

    wire.send('451-["message",{"_placeholder":true,"num":0}]');
    expect(await wire.next()).toBe('2');
    wire.send('3');
    wire.send(Uint8Array.of(1));

    let frame = await wire.next();
    while (frame === '2') frame = await wire.next();
    expect(frame).toBe('451-["message-back",{"_placeholder":true,"num":0}]');
  });

  it('takes a placeholder in a text event for data', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('42["message",{"_placeholder":true,"num":0}]');

    expect(await wire.next()).toBe('42["message-back",{"_placeholder":true,"num":0}]');
  });
});

describe('Socket.IO v5: malformed binary packets', () => {
  it('closes upon a text packet among the attachments', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
    wire.send(Uint8Array.of(1, 2, 3));
    wire.send('42["message","out of turn"]');

    await wire.closed;
    expect(wire.unread).toEqual([]);
  });

  it('closes upon an attachment that no packet announced [I18]', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send(Uint8Array.of(1, 2, 3));

    await wire.closed;
  });

  it('closes upon one attachment too many', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('451-["message",{"_placeholder":true,"num":0}]');
    wire.send(Uint8Array.of(1));
    wire.send(Uint8Array.of(2));

    await wire.closed;
  });

  it('hands nothing to the application while an attachment is missing', async () => {
    const { url, io } = await startSocketIoServer();
    const received: unknown[] = [];
    io.on('connection', (socket) => socket.onAny((...args) => received.push(args)));
    const wire = await joinMain(url);
    const [socket] = io.of('/').sockets.values();
    const disconnected = nextEvent(socket!, 'disconnect');

    wire.send('452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
    wire.send(Uint8Array.of(1));
    wire.close();

    await disconnected;
    expect(received).toEqual([]);
  });

  it.each([
    '450-["message"]',
    '45-["message"]',
    '45x-["message"]',
    '451["message"]',
    '451.5-["message"]',
    '45-1-["message"]',
    '45',
  ])('closes upon the number of attachments in "%s"', async (packet) => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send(packet);

    await wire.closed;
  });

  it('closes upon more attachments than are allowed', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('4565-["message",{"_placeholder":true,"num":0}]');

    await wire.closed;
  });

  it.each(['1', '-1', '99', '"0"', 'null', 'true'])('closes upon the placeholder number %s', async (num) => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send(`451-["message",{"_placeholder":true,"num":${num}}]`);
    wire.send(Uint8Array.of(1));

    await wire.closed;
    expect(wire.unread).toEqual([]);
  });

  it('takes a placeholder number between two attachments for nothing', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('452-["message",{"_placeholder":true,"num":0.5}]');
    wire.send(Uint8Array.of(1));
    wire.send(Uint8Array.of(2));

    expect(await frames(wire, 1)).toEqual(['42["message-back",null]']);
  });

  it('uses an attachment twice whose placeholder comes twice', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('451-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]');
    wire.send(Uint8Array.of(1));

    expect(await frames(wire, 3)).toEqual([
      '452-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
      Buffer.of(1),
      Buffer.of(1),
    ]);
  });

  it('closes upon a binary packet without a payload array', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('451-{"_placeholder":true,"num":0}');

    await wire.closed;
  });
});
