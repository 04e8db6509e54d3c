import { openPolling, poll, push } from '../../support/engine-client.js';
import { frames, joinCustom, joinMain } from '../../support/socketio-client.js';
import { startSocketIoServer, unlikeOfficial } from '../../support/conformance-server.js';

describe('Socket.IO v5: events', () => {
  it('carries arguments of every JSON kind [I9]', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('42["message",1,"2",{"3":[true]},null,-1.5e-7,"",[],{}]');

    expect(await wire.next()).toBe('42["message-back",1,"2",{"3":[true]},null,-1.5e-7,"",[],{}]');
  });

  it('carries an event without arguments', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('42["message"]');

    expect(await wire.next()).toBe('42["message-back"]');
  });

  it('takes an event that names the main namespace', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('42/,["message","hello"]');

    expect(await wire.next()).toBe('42["message-back","hello"]');
  });

  it('carries events of a custom namespace apart from those of the main one [N8]', async () => {
    const { url, io } = await startSocketIoServer();
    io.of('/custom').on('connection', (socket) => socket.on('message', (word) => socket.emit('custom-back', word)));
    const wire = await joinMain(url);
    await joinCustom(wire);

    wire.send('42/custom,["message","for custom"]');
    wire.send('42["message","for main"]');

    expect(await frames(wire, 2)).toEqual(['42/custom,["custom-back","for custom"]', '42["message-back","for main"]']);
  });

  it('carries text beyond ASCII, escapes and separators', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('42["message","€ 😀 \\" \\\\ \\n , / 1[2]","\\u001e"]');

    expect(await wire.next()).toBe('42["message-back","€ 😀 \\" \\\\ \\n , / 1[2]","\\u001e"]');
  });

  it('keeps the order of events', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    for (let i = 0; i < 100; i++) wire.send(`42["message",${i}]`);

    expect(await frames(wire, 100)).toEqual(Array.from({ length: 100 }, (_, i) => `42["message-back",${i}]`));
  });

  it('carries several events in one payload over long-polling', async () => {
    const { url } = await startSocketIoServer();
    const session = await openPolling(url);
    await push(session, '40');
    await poll(session);

    await push(session, '42["message","hello"]\x1e42["message","world"]');

    expect((await poll(session)).body).toBe('42["message-back","hello"]\x1e42["message-back","world"]');
  });

  unlikeOfficial('it takes the frame for one malformed packet')(
    'carries several events that a client joined in one WebSocket frame',
    async () => {
      const { url } = await startSocketIoServer();
      const wire = await joinMain(url);

      wire.send('42["message","hello"]\x1e42["message","world"]');

      expect(await frames(wire, 2)).toEqual(['42["message-back","hello"]', '42["message-back","world"]']);
    },
  );

  it('takes no offence at an event that nobody listens to', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('42["nobody-listens",1]');
    wire.send('42["message","still here"]');

    expect(await wire.next()).toBe('42["message-back","still here"]');
  });

  it('takes names of the language for ordinary events', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) wire.send(`42["${name}",1]`);
    wire.send('42["message","still here"]');

    expect(await wire.next()).toBe('42["message-back","still here"]');
  });

  it('takes a key named __proto__ for data', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('42["message",{"__proto__":{"polluted":true}}]');

    expect(await wire.next()).toBe('42["message-back",{"__proto__":{"polluted":true}}]');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('reaches every socket of the namespace, and no other, by one emit of the server', async () => {
    const { url, io } = await startSocketIoServer();
    const first = await joinMain(url);
    const second = await joinMain(url);
    await joinCustom(second);

    io.emit('notice', 1);
    io.of('/custom').emit('notice', 2);
    io.emit('notice', 3);

    expect(await frames(first, 2)).toEqual(['42["notice",1]', '42["notice",3]']);
    expect(await frames(second, 3)).toEqual(['42["notice",1]', '42/custom,["notice",2]', '42["notice",3]']);
  });
});

describe('Socket.IO v5: malformed packets', () => {
  it.each(['4abc', '47', '48["message"]', '49', '4-1', '4 2["message"]', '4'])(
    'closes upon the unknown packet type of "%s" [I6]',
    async (packet) => {
      const { url } = await startSocketIoServer();
      const wire = await joinMain(url);

      wire.send(packet);

      await wire.closed;
      expect(wire.unread).toEqual([]);
    },
  );

  it.each([
    '42{}',
    '42[]',
    '42"message"',
    '42[{}]',
    '42[null]',
    '42[["message"]]',
    '42["message"',
    '42["message"]x',
    '42true',
  ])('closes upon the payload of "%s" [I10, I11, I12]', async (packet) => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send(packet);

    await wire.closed;
    expect(wire.unread).toEqual([]);
  });

  it.each(['42', '42/,', '4212'])('passes over "%s", which has no payload at all', async (packet) => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send(packet);
    wire.send('42["message",1]');

    expect(await wire.next()).toBe('42["message-back",1]');
  });

  it.each(['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'])(
    'closes upon the reserved event name "%s" [I14]',
    async (name) => {
      const { url } = await startSocketIoServer();
      const wire = await joinMain(url);

      wire.send(`42["${name}"]`);

      await wire.closed;
    },
  );

  it('closes upon a payload of DISCONNECT, which has none', async () => {
    const { url } = await startSocketIoServer();
    const wire = await joinMain(url);

    wire.send('41{"reason":"none"}');

    await wire.closed;
  });

  it('closes the session over long-polling as well', async () => {
    const { url } = await startSocketIoServer();
    const session = await openPolling(url);
    await push(session, '40');
    await poll(session);

    await Promise.allSettled([push(session, '42{}')]);
    await poll(session);

    expect((await poll(session)).status).toBe(400);
  });

  it('tells the application, in every namespace of the connection', async () => {
    const { url, io } = await startSocketIoServer();
    const gone: string[] = [];
    for (const name of ['/', '/custom']) {
      io.of(name).on('connection', (socket) => socket.on('disconnect', () => gone.push(name)));
    }
    const wire = await joinMain(url);
    await joinCustom(wire);

    wire.send('42{}');
    await wire.closed;

    expect(gone).toEqual(['/', '/custom']);
  });

  it('harms no other connection', async () => {
    const { url } = await startSocketIoServer();
    const guilty = await joinMain(url);
    const innocent = await joinMain(url);

    guilty.send('42{}');
    await guilty.closed;
    innocent.send('42["message","still here"]');

    expect(await innocent.next()).toBe('42["message-back","still here"]');
  });
});
