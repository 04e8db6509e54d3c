import { MODULE_DEFAULTS, type Socket } from '../../src/socketio/index.js';
import { connectClient } from '../support/official-client.js';
import { startServer } from '../support/server.js';
import { nextEvent, until } from '../support/until.js';

describe('Socket#onAny', () => {
  it('hears every event of the client, with its ack, before the listeners of the event [limitation: catch-all]', async () => {
    const { client, socket } = await connected();
    const heard: unknown[][] = [];
    socket.on('b', () => heard.push(['listener']));
    socket.onAny((...args) => heard.push(['any', ...args]));
    socket.prependAny((...args) => heard.push(['first', args[0]]));

    client.emit('a', 1, { x: 2 });
    client.emit('b', () => {});
    client.emit('echo');
    await nextEvent(client, 'echo');

    expect(heard).toEqual([
      ['first', 'a'],
      ['any', 'a', 1, { x: 2 }],
      ['first', 'b'],
      ['any', 'b', expect.any(Function)],
      ['listener'],
      ['first', 'echo'],
      ['any', 'echo'],
    ]);
  });

  it('may answer an ack', async () => {
    const { client, socket } = await connected();
    socket.onAny((_event, reply) => reply('from any'));
    expect(await client.emitWithAck('unknown')).toBe('from any');
  });

  it('gives no listener the arguments of another', async () => {
    const { client, socket } = await connected();
    socket.onAny((...args: unknown[]) => args.splice(0));
    const got = new Promise((resolve) => socket.on('a', (...args) => resolve(args)));

    client.emit('a', 1, 2);

    expect(await got).toEqual([1, 2]);
  });

  it('takes one listener off, or all', async () => {
    const { socket } = await connected();
    const [one, two] = [() => {}, () => {}];
    socket.onAny(one).onAny(two).onAny(one);

    expect(socket.offAny(one).listenersAny()).toEqual([two, one]);
    expect(socket.offAny(() => {}).listenersAny()).toEqual([two, one]);
    expect(socket.offAny().listenersAny()).toEqual([]);
    expect(socket.offAny(one).listenersAny()).toEqual([]);
  });

  it.each(['throws', 'rejects'])('harms no other listener where one %s', async (how) => {
    const { client, socket, server } = await connected();
    socket.onAny((event) => {
      if (event !== 'a') return undefined;
      if (how === 'throws') throw new Error('of onAny');
      return Promise.reject(new Error('of onAny'));
    });
    const heard = nextEvent(socket, 'a');

    client.emit('a');
    await heard;
    await until(() => server.errors.length > 0);

    expect(server.errors.map(String)).toEqual(['Error: of onAny']);
  });
});

describe('Socket#onAnyOutgoing', () => {
  it('hears what is emitted to the client, by the socket and by broadcasts, without acks', async () => {
    const { client, socket, server } = await connected();
    const heard: unknown[][] = [];
    socket.onAnyOutgoing((...args) => heard.push(args));
    socket.prependAnyOutgoing((event) => heard.push(['first', event]));

    socket.emit('a', 1, Buffer.of(2));
    server.io.emit('b', 2);
    socket.timeout(1000).emit('c', () => {});
    socket.emit('last');
    await nextEvent(client, 'last');

    expect(heard).toEqual([
      ['first', 'a'],
      ['a', 1, Buffer.of(2)],
      ['first', 'b'],
      ['b', 2],
      ['first', 'c'],
      ['c'],
      ['first', 'last'],
      ['last'],
    ]);
  });

  it('hears nothing that is not sent', async () => {
    const { socket, server } = await connected();
    const heard: unknown[] = [];
    socket.onAnyOutgoing((event) => heard.push(event));
    await socket.join('room');

    server.io.to('elsewhere').emit('a');
    server.io.except('room').emit('b');
    socket.broadcast.emit('c');
    socket.disconnect();
    socket.emit('d');

    expect(heard).toEqual([]);
  });

  it('takes one listener off, or all', async () => {
    const { socket } = await connected();
    const [one, two] = [() => {}, () => {}];
    socket.onAnyOutgoing(one).onAnyOutgoing(two);

    expect(socket.offAnyOutgoing(one).listenersAnyOutgoing()).toEqual([two]);
    expect(socket.offAnyOutgoing().listenersAnyOutgoing()).toEqual([]);
  });

  it.each(['throws', 'rejects'])('keeps a broadcast from nobody where a listener %s', async (how) => {
    const { socket, client, server } = await connected();
    const other = await connectClient(server.origin);
    socket.onAnyOutgoing((): unknown => {
      if (how === 'throws') throw new Error('of onAnyOutgoing');
      return Promise.reject(new Error('of onAnyOutgoing'));
    });
    const received = [nextEvent(client, 'news'), nextEvent(other, 'news')];

    server.io.emit('news', 1);

    expect(await Promise.all(received)).toEqual([[1], [1]]);
    await until(() => server.errors.length > 0);
  });
});

describe('Socket: reserved names', () => {
  it.each(['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'])(
    'are not emitted by this side: %s [O9]',
    async (name) => {
      const { socket, server } = await connected();
      const error = `"${name}" is a reserved event name`;
      for (const emit of [
        () => socket.emit(name),
        () => socket.timeout(10).emit(name, () => {}),
        () => socket.broadcast.emit(name),
        () => server.io.emit(name as never),
        () => server.io.of('/a').emit(name as never),
        () => server.io.to('room').emit(name as never),
        () => server.io.serverSideEmit(name),
      ]) {
        expect(emit).toThrow(error);
      }
    },
  );

  it.each(['error', 'message', '__proto__', 'constructor', 'data', 'end'])('are not these: %s', async (name) => {
    const { client, socket } = await connected();
    socket.on(name, (...args) => socket.emit(name, ...args));
    const back = nextEvent(client, name);
    client.emit(name, 1);
    expect(await back).toEqual([1]);
  });
});

describe('Socket: listeners that fail', () => {
  it.each(['throw', 'reject'])(
    'keep no other listener of disconnect from hearing of it, where they %s',
    async (how) => {
      const { client, socket, server } = await connected();
      const heard: unknown[] = [];
      for (const event of ['disconnecting', 'disconnect'] as const) {
        socket.on(event, () => {
          if (how === 'throw') throw new Error(event);
          return Promise.reject(new Error(event)) as never;
        });
        socket.on(event, (reason) => heard.push([event, reason]));
      }

      client.disconnect();
      await until(() => server.errors.length === 2);

      expect(heard).toEqual([
        ['disconnecting', 'client namespace disconnect'],
        ['disconnect', 'client namespace disconnect'],
      ]);
      expect(server.io.sockets.sockets.size).toBe(0);
    },
  );

  it.each(['throw', 'reject', 'return a thenable that rejects'])(
    'keep no other listener of an event from it, where they %s [F4]',
    async (how) => {
      const { client, socket, server } = await connected();
      socket.on('a', () => {
        if (how === 'throw') throw new Error('first');
        if (how !== 'reject') return thenable(new Error('first'));
        return Promise.reject(new Error('first'));
      });
      const heard = new Promise((resolve) => socket.on('a', resolve));

      client.emit('a', 1);

      expect(await heard).toBe(1);
      await until(() => server.errors.length === 1);
    },
  );

  it.each(['throw', 'reject'])('keep no other listener of connection from it, where they %s', async (how) => {
    const server = await startServer();
    server.io.on('connection', () => {
      if (how === 'throw') throw new Error('first');
      return Promise.reject(new Error('first')) as never;
    });
    const joined = nextEvent(server.io, 'connection');
    await connectClient(server.origin);

    await joined;
    await until(() => server.errors.length === 1);
  });

  it('are called once where they were registered so', async () => {
    const { client, socket } = await connected();
    let calls = 0;
    socket.once('a', () => calls++);

    client.emit('a');
    client.emit('a');
    client.emit('echo');
    await nextEvent(client, 'echo');

    expect(calls).toBe(1);
  });
});

describe('Socket: events that wait for the connect handler', () => {
  it('are handed on in order once it has settled, and acks are settled meanwhile', async () => {
    const { server, received, finish } = await slowConnect();
    const joined = nextEvent(server.io, 'connection');
    const client = await connectClient(server.origin);
    const [socket] = (await joined) as [Socket];
    client.on('ask', (reply: (value: string) => void) => reply('meanwhile'));

    for (const n of [1, 2, 3]) client.emit('n', n);

    expect(await socket.emitWithAck('ask')).toBe('meanwhile');
    expect(received).toEqual([]);
    finish();
    client.emit('n', 4);
    await until(() => received.length === 4);
    expect(received).toEqual([1, 2, 3, 4]);
  });

  it('end where one of them disconnects the socket', async () => {
    const { server, received, finish } = await slowConnect();
    server.io.on('connection', (socket) => socket.on('n', (n) => void (n === 2 && socket.disconnect())));
    const joined = nextEvent(server.io, 'connection');
    const client = await connectClient(server.origin);
    const [socket] = (await joined) as [Socket];
    for (const n of [1, 2, 3]) client.emit('n', n);
    client.on('ask', (reply: () => void) => reply());
    await socket.emitWithAck('ask');
    const gone = nextEvent(client, 'disconnect');

    finish();

    await gone;
    expect(received).toEqual([1, 2]);
  });

  async function slowConnect() {
    const server = await startServer({}, MODULE_DEFAULTS);
    const received: unknown[] = [];
    let finish = (): void => {};
    server.io.of('/').handlerTable().connect = () => new Promise((resolve) => (finish = resolve));
    server.io.on('connection', (socket) => socket.on('n', (n) => received.push(n)));
    return { server, received, finish: () => finish() };
  }
});

async function connected() {
  const server = await startServer();
  const joined = nextEvent(server.io, 'connection');
  const client = await connectClient(server.origin);
  const [socket] = (await joined) as [Socket];
  return { server, client, socket };
}

/** As libraries with promises of their own return it. */
function thenable(reason: Error): PromiseLike<never> {
  // oxlint-disable-next-line unicorn/no-thenable -- that it is none of Node's promises is the point
  return { then: (_: unknown, reject: (error: Error) => void) => reject(reason) } as PromiseLike<never>;
}
