import { setTimeout as delay } from 'node:timers/promises';
import type { FlushPolicy, Server, ServerOptions, Socket } from '../../src/socketio/index.js';
import { MODULE_DEFAULTS } from '../../src/socketio/index.js';
import { connectClient, type ClientSocket } from '../support/official-client.js';
import { clientFrame, openRawWebSocket, textFrame, type RawSocket } from '../support/raw-socket.js';
import { startServer } from '../support/server.js';
import { nextEvent, until } from '../support/until.js';

const { jest } = import.meta;

/** How many speak at once in a room. */
const MEMBERS = 20;

const POLICIES: FlushPolicy[] = ['tick', 'immediate'];
const WAYS: [string, ServerOptions, object][] = [
  ['polling', {}, { transports: ['polling'] }],
  ['a WebSocket', {}, { transports: ['websocket'] }],
  ['a WebSocket that compresses', { perMessageDeflate: { threshold: 0 } }, { transports: ['websocket'] }],
  ['a WebSocket where packets are counted', { sendQueueSize: 1_000_000 }, { transports: ['websocket'] }],
];
const CASES = POLICIES.flatMap((flush) => WAYS.map((way) => [flush, ...way] as const));

describe.each(CASES)('flush: %p over %s', (flush, _way, options, clientOptions) => {
  async function start() {
    const server = await startServer({ flush, ...options });
    const joined = nextEvent(server.io, 'connection');
    const client = await connectClient(server.origin, clientOptions);
    const [socket] = (await joined) as [Socket];
    return { ...server, client, socket };
  }

  it('sends in the order of making: broadcasts and acks in handlers, async emits, binary between text [O12]', async () => {
    const { io, socket, client } = await start();
    const made: string[] = [];
    const heard = recordOf(client);
    let count = 0;
    function make(kind: string, send: (name: string) => void): void {
      const name = `${kind} ${count++}`;
      made.push(name);
      send(name);
    }
    const binary = [Buffer.alloc(3, 1), Buffer.alloc(10_000, 2)];
    socket.on('sync', (ack: (name: string) => void) => {
      make('emit', (name) => socket.emit(name, 'é'));
      make('broadcast', (name) => io.emit(name, 'text'));
      make('binary', (name) => socket.emit(name, ...binary));
      make('binary broadcast', (name) => io.emit(name, ...binary));
      make('ack', ack);
      make('large', (name) => socket.emit(name, 'x'.repeat(20_000)));
    });
    socket.on('async', async (ack: (name: string) => void) => {
      make('before', (name) => io.emit(name));
      await Promise.resolve();
      make('microtask', (name) => socket.emit(name, ...binary));
      await delay(1);
      make('timer', (name) => io.to(socket.id).emit(name));
      make('ack after a timer', ack);
      process.nextTick(() => make('tick', (name) => socket.emit(name)));
      setImmediate(() => make('immediate', (name) => io.emit(name, Buffer.alloc(1))));
    });

    for (let i = 0; i < 20; i++) {
      client.emit('sync', (name: string) => heard.push(name));
      client.emit('async', (name: string) => heard.push(name));
    }

    await until(() => heard.length === 20 * 12, 'all has come', 10_000);
    expect(made).toHaveLength(20 * 12);
    expect(heard).toEqual(made);
  }, 20_000);

  it('loses and changes nothing', async () => {
    const { socket, client } = await start();
    const sizes = [0, 1, 4095, 4096, 4097, 20_000, 70_000];
    const got: unknown[][] = [];
    client.onAny((_event: string, ...args: unknown[]) => got.push(args));

    for (const size of sizes) socket.emit('e', 'é'.repeat(size), Buffer.alloc(size, 7), 'x'.repeat(size));

    await until(() => got.length === sizes.length);
    expect(got).toEqual(sizes.map((size) => ['é'.repeat(size), Buffer.alloc(size, 7), 'x'.repeat(size)]));
  });

  it('returns true from emit, and tells of a drain, to a client that reads', async () => {
    const { socket, client } = await start();
    const drained = nextEvent(socket.conn, 'drain');
    expect(socket.emit('e')).toBe(true);
    await drained;
    client.emit('echo');
    await nextEvent(client, 'echo');
  });
});

describe.each([
  ['tick', 1],
  ['immediate', 3],
] as const)('flush: %p', (flush, writes) => {
  it(`writes three packets of one tick to a WebSocket in ${writes}`, async () => {
    const server = await startServer({ flush });
    const accepted = nextEvent(server.http, 'connection');
    const joined = nextEvent(server.io, 'connection');
    const peer = await openRawWebSocket(server.port, '/socket.io/');
    peer.write(textFrame('40'));
    const [socket] = (await joined) as [Socket];
    const [served] = (await accepted) as [ServedSocket];
    await peer.arrival('40{');
    const writesOf = countWrites(served);

    for (const name of ['a', 'b', 'c']) socket.emit(name);
    await peer.arrival('42["c"]');

    expect(writesOf()).toBe(writes);
  });

  it('drops a volatile event behind another one only where that has not left', async () => {
    const server = await startServer({ flush });
    const joined = nextEvent(server.io, 'connection');
    const client = await connectClient(server.origin);
    const [socket] = (await joined) as [Socket];
    const heard = recordOf(client);
    await new Promise(setImmediate);

    socket.volatile.emit('first');
    socket.volatile.emit('second');
    socket.emit('last');
    await nextEvent(client, 'last');

    expect(heard).toEqual(flush === 'tick' ? ['first', 'last'] : ['first', 'second', 'last']);
  });

  it('is no trap for a listener that sends upon drain', async () => {
    const server = await startServer({ flush });
    const joined = nextEvent(server.io, 'connection');
    const client = await connectClient(server.origin);
    const [socket] = (await joined) as [Socket];
    const heard = recordOf(client);
    let count = 0;
    socket.conn.on('drain', () => {
      if (count < 20_000) socket.emit(`n${count++}`);
    });

    socket.emit('start');

    await until(() => heard.length === 20_001, 'all has come', 10_000);
  }, 20_000);
});

describe.each(POLICIES)('flush: %p', (flush) => {
  it.each<[string, Buffer]>([
    ['nothing any more', Buffer.alloc(0)],
    ['a ping', clientFrame(0x89, 'ping')],
    ['its close frame', clientFrame(0x88, Buffer.of(3, 232))],
    ['a frame that breaks the RFC', clientFrame(0x83, 'x')],
  ])('answers an event whose client then sends %s and its end', async (_what, last) => {
    const { io, port } = await startServer({ flush }, MODULE_DEFAULTS);
    const joined = nextEvent(io, 'connection');
    const peer = await openRawWebSocket(port, '/socket.io/');
    peer.write(textFrame('40'));
    const [socket] = (await joined) as [Socket];
    socket.on('ask', (answer: (text: string) => void) => answer('answered'));
    await peer.arrival('40{');

    peer.write(textFrame('420["ask"]'));
    peer.socket.end(last);
    await peer.ended;

    expect(peer.received).toContain('430["answered"]');
  });
});

describe.each([
  ['tick', 1],
  ['immediate', MEMBERS],
] as const)('flush: %p in a room', (flush, writes) => {
  it(`needs ${writes} writes per member for what ${MEMBERS} callbacks of one turn send`, async () => {
    const { said, sayAll, writesOf } = await startRoom(flush, (io, name) => io.emit(name));

    const heard = await sayAll();

    expect(said).toHaveLength(MEMBERS);
    for (const names of heard) expect(names).toEqual(said);
    expect(writesOf()).toEqual(Array.from({ length: MEMBERS }, () => writes));
  });

  it('drops no volatile event behind one of another callback of the turn', async () => {
    const { said, sayAll } = await startRoom(flush, (io, name) => io.volatile.emit(name));

    const heard = await sayAll();

    expect(said).toHaveLength(MEMBERS);
    for (const names of heard) expect(names).toEqual(said);
  });
});

/** A room whose members speak in one turn of the event loop. */
async function startRoom(flush: FlushPolicy, tellAll: (io: Server, name: string) => void) {
  const { io, http, port } = await startServer({ flush });
  const counts: (() => number)[] = [];
  http.on('connection', (served: ServedSocket) => counts.push(countWrites(served)));
  const said: string[] = [];
  io.on('connection', (socket: Socket) => {
    socket.on('say', (name: string) => {
      said.push(name);
      tellAll(io, name);
    });
  });
  const members: RawSocket[] = [];
  for (let i = 0; i < MEMBERS; i++) {
    const member = await openRawWebSocket(port, '/socket.io/');
    member.write(textFrame('40'));
    await member.arrival('40{');
    members.push(member);
  }
  const before = counts.map((count) => count());
  return {
    said,
    writesOf: () => counts.map((count, i) => count() - before[i]),
    async sayAll(): Promise<string[][]> {
      // Time stands still, so that a slow machine does not flush before the end of the turn.
      const clock = jest.spyOn(performance, 'now').mockReturnValue(performance.now());
      const names = members.map((_, i) => `name-${i}.`);
      members.forEach((member, i) => member.write(textFrame(`42["say","${names[i]}"]`)));
      for (const member of members) for (const name of names) await member.arrival(name);
      clock.mockRestore();
      return members.map(({ received }) => received.match(/name-\d+\./g)!);
    },
  };
}

interface ServedSocket {
  write: (...args: unknown[]) => boolean;
}

/** Counts the writes to a socket from now on. */
function countWrites(served: ServedSocket): () => number {
  const { write } = served;
  let count = 0;
  served.write = (...args) => {
    count++;
    return Reflect.apply(write, served, args) as boolean;
  };
  return () => count;
}

/** The names of what a client hears, in order. */
function recordOf(client: ClientSocket): string[] {
  const heard: string[] = [];
  client.onAny((event: string) => heard.push(event));
  return heard;
}
