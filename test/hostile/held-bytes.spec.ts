/** What a server holds of what clients have sent: at most four times the bytes, for each place in which something waits. */
import type { PipeTransform } from '@nestjs/common';
import { jest } from '@jest/globals';
import { WebSocket } from 'ws';
import { Ack, Gateway, MessageBody } from '../../src/index.js';
import { PollingTransport } from '../../src/engine/transport/polling/polling-transport.js';
import { MODULE_DEFAULTS, SERVER_DEFAULTS, type ServerOptions, type Socket } from '../../src/socketio/index.js';
import { startWith } from '../nest/support/start-app.js';
import { cleanup } from '../support/cleanup.js';
import { openPolling, push } from '../support/engine-client.js';
import { collect } from '../support/garbage.js';
import { RawSocket } from '../support/raw-socket.js';
import { startServer, type RunningServer } from '../support/server.js';
import { openSession } from '../support/socketio-client.js';
import { nextEvent, until } from '../support/until.js';

const FACTOR = 4;
/** What a test run may hold for itself, in bytes. */
const NOISE = 2_000_000;
const SESSIONS = 16;
const KB = 1_024;
const SOCKETS = 100;

it('events that wait for a connect handler', async () => {
  const server = await start({});
  server.io.of('/').handlerTable().connect = () => new Promise(() => {});
  const event = `2["e",[${'{"a":[1]},'.repeat(300)}1]]`;
  const count = 200;

  const held = await heldAfter(async () => {
    for (let i = 0; i < SESSIONS; i++) {
      const wire = await joined(server);
      for (let n = 0; n < count; n++) wire.send(`4${event}`);
    }
    await settled(server, SESSIONS * count * event.length);
  });

  expect(server.io.sockets.sockets.size).toBe(SESSIONS);
  expect(held).toBeLessThan(SESSIONS * count * event.length * FACTOR + NOISE);
});

it.each(['in order', 'with attachments'])('events that wait for a middleware, %s', async (kind) => {
  const server = await start({});
  server.io.on('connection', (socket: Socket) => void socket.use(() => {}));
  const values = '{"a":[1]},'.repeat(300);
  const [event, ...attachments] =
    kind === 'in order'
      ? [`2["e",[${values}1]]`]
      : [`51-["e",[${values}{"_placeholder":true,"num":0}]]`, Buffer.alloc(9)];
  const count = 60;

  const held = await heldAfter(async () => {
    for (let i = 0; i < SESSIONS; i++) {
      const wire = await joined(server);
      for (let n = 0; n < count; n++) for (const part of [`4${event}`, ...attachments]) wire.send(part);
    }
    await settled(server, SESSIONS * count * event.length);
  });

  expect(server.io.sockets.sockets.size).toBe(SESSIONS);
  expect(held).toBeLessThan(SESSIONS * count * event.length * FACTOR + NOISE);
});

it('events that wait for a pipe of their handler', async () => {
  const waiting: unknown[] = [];
  const pipe: PipeTransform = { transform: () => new Promise((resolve) => waiting.push(resolve)) };

  @Gateway()
  class StuckGateway {
    @Ack('e')
    handle(@MessageBody(pipe) _body: unknown): void {}
  }

  const { url, websocket } = await startWith({
    providers: [StuckGateway],
    options: { connectTimeout: 60_000, shutdownTimeout: 50 },
  });
  const event = `420["e",[${'{"a":[1]},'.repeat(300)}1]]`;
  const count = 60;

  const held = await heldAfter(async () => {
    for (let i = 0; i < SESSIONS; i++) {
      const wire = await openSession(`${url}/socket.io/`);
      wire.send('40');
      await wire.next();
      for (let n = 0; n < count; n++) wire.send(event);
    }
    await until(() => websocket.stats().packets.in === SESSIONS * (count + 1), 'all is read', 15_000);
    await turns();
  });

  expect(websocket.stats().sockets.now).toBe(SESSIONS);
  expect(held).toBeLessThan(SESSIONS * count * event.length * FACTOR + NOISE);
});

it('events that wait, counted as what they are once they are inflated', async () => {
  const server = await start({ perMessageDeflate: true });
  server.io.of('/').handlerTable().connect = () => new Promise(() => {});
  const ended: unknown[] = [];
  server.io.on('connection', (socket: Socket) => void socket.on('disconnect', (_reason, { code }) => ended.push(code)));

  const held = await heldAfter(async () => {
    for (let i = 0; i < SESSIONS; i++) {
      const wire = await joinedDeflated(server);
      for (let n = 0; n < 40; n++) wire.send(`42["e","${'a'.repeat(100 * KB)}"]`);
    }
    await until(() => ended.length === SESSIONS, 'all are disconnected');
  });

  expect(new Set(ended)).toEqual(new Set(['TOO_MANY_PENDING_EVENTS']));
  // What waits is gone; contexts of zlib, here and at the clients, are not.
  expect(held).toBeLessThan(SESSIONS * 1_024 * KB + NOISE);
});

it('the names of namespaces that were asked for in front of something large', async () => {
  const server = await start({});
  server.io.of(/^\/room-/);
  const large = 'x'.repeat(900 * KB);

  const held = await heldAfter(async () => {
    for (let i = 0; i < SESSIONS; i++) {
      const session = await openPolling(server.url);
      await push(
        session,
        `40/room-${i}-${'n'.repeat(40)},{"token":"${'t'.repeat(40)}"}\x1e42/room-${i}-${'n'.repeat(40)},["e","${large}"]`,
      );
    }
    await until(() => server.io._nsps.size === SESSIONS + 1);
  });

  // Of sixteen bodies: the pool of the HTTP client may still have a few.
  expect(held).toBeLessThan(8 * large.length + NOISE);
});

it.each(['[],', '{},', '{"a":[1]},', '1.5,', '"ab",'])(
  'the auth of a socket, of as many %s as there may be',
  async (item) => {
    const server = await start({});
    const auth = (count: number): string => `40{"list":[${item.repeat(count)}0]}`;
    let [most, tooMany] = [0, 8_192];
    while (tooMany - most > 1) {
      const count = (most + tooMany) >> 1;
      const wire = await openSession(server.url);
      wire.send(auth(count));
      if (String(await wire.next()).startsWith('40')) most = count;
      else tooMany = count;
      wire.close();
    }
    const idle = await heldAfter(() => joinAll(server, '40'));

    const held = await heldAfter(() => joinAll(server, auth(most)));

    expect(held - idle).toBeLessThan(SOCKETS * 8_192 * FACTOR + NOISE);
  },
);

it('the query of a handshake, also once it was read', async () => {
  const server = await start({});
  const read: unknown[] = [];
  server.io.on('connection', ({ handshake, request }) => {
    const { q0 } = handshake.query;
    read.push(q0, (request as unknown as { _query: object })._query);
  });
  const query = Object.fromEntries(Array.from({ length: 1_500 }, (_, i) => [`q${i}`, '']));
  const length = new URLSearchParams(query).toString().length;
  async function joinWith(more: Record<string, string>): Promise<void> {
    for (let i = 0; i < SOCKETS; i++) {
      const wire = await openSession(server.url, { query: more });
      wire.send('40');
      await wire.next();
    }
  }
  const idle = await heldAfter(() => joinWith({}));
  read.length = 0;

  const held = await heldAfter(async () => {
    await joinWith(query);
    expect(read).toHaveLength(2 * SOCKETS);
    expect(read.slice(-2)).toEqual(['', expect.objectContaining({ EIO: '4', q0: '', q1499: '' })]);
    read.length = 0;
  });

  expect(held - idle).toBeLessThan(SOCKETS * length * FACTOR + NOISE);
});

describe.each([
  ['the module', MODULE_DEFAULTS],
  ['./server', SERVER_DEFAULTS],
])('in %s', (_name, defaults) => {
  it.each(['websocket', 'polling'])(
    'the headers of a handshake, also once they were read, over %s',
    async (transport) => {
      const server = await start({}, defaults);
      const read: unknown[] = [];
      server.io.on('connection', ({ handshake, request }) => {
        read.push(handshake.headers.h0, request.headers.h0, request.rawHeaders?.length);
      });
      const headers = Object.fromEntries(Array.from({ length: 950 }, (_, i) => [`h${i.toString(36)}`, '']));
      const length = Object.keys(headers).join(': \r\n').length;
      const join = transport === 'websocket' ? joinByWebSocket : joinByPolling;
      await repeat(10, () => join(server));
      const idle = await heldAfter(() => repeat(SOCKETS, () => join(server)));

      const held = await heldAfter(async () => {
        await repeat(SOCKETS, () => join(server, headers));
        await until(() => read.length >= 6 * SOCKETS);
        read.length = 0;
      });

      expect(held - idle).toBeLessThan(SOCKETS * length * FACTOR + NOISE);
    },
  );
});

it.each([
  ['a poll that waits', 'GET'],
  ['a POST whose body does not come', 'POST'],
])('the headers of %s', async (_name, method) => {
  const server = await start({});
  const headers = Array.from({ length: 950 }, (_, i) => `h${i.toString(36)}: \r\n`).join('');
  async function ask(more: string): Promise<void> {
    const { pathname, search } = new URL((await openPolling(server.url)).url);
    const length = method === 'POST' ? 'Content-Length: 9\r\n' : '';
    new RawSocket(server.port).write(`${method} ${pathname}${search} HTTP/1.1\r\nHost: x\r\n${length}${more}\r\n`);
  }
  const asked = jest.spyOn(PollingTransport.prototype, method === 'GET' ? 'handlePoll' : 'handlePush');
  cleanup(() => asked.mockRestore());
  async function askAll(more: string): Promise<void> {
    await repeat(SOCKETS, () => ask(more));
    // The request that opens a session is its first poll.
    await until(() => asked.mock.calls.length === (method === 'GET' ? 2 : 1) * SOCKETS);
    asked.mockClear();
  }
  await askAll('');
  const idle = await heldAfter(() => askAll(''));

  const held = await heldAfter(() => askAll(headers));

  expect(held - idle).toBeLessThan(SOCKETS * headers.length * FACTOR + NOISE);
});

it('attachments of a packet that is not complete', async () => {
  const server = await start({});
  const attachment = Buffer.alloc(900 * KB);

  const held = await heldAfter(async () => {
    for (let i = 0; i < SESSIONS; i++) {
      const wire = await joined(server);
      wire.send('452-["e",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
      wire.send(attachment);
    }
    await settled(server, SESSIONS * attachment.length);
  });

  expect(held).toBeLessThan(SESSIONS * attachment.length * FACTOR + NOISE);
});

it('a packet whose attachments do not come', async () => {
  const server = await start({});
  const packet = `51-["e",[${'{},'.repeat(60_000)}0],{"_placeholder":true,"num":0}]`;

  const held = await heldAfter(async () => {
    for (let i = 0; i < SESSIONS; i++) (await joined(server)).send(`4${packet}`);
    await settled(server, SESSIONS * packet.length);
  });

  expect(server.io.sockets.sockets.size).toBe(SESSIONS);
  expect(held).toBeLessThan(SESSIONS * packet.length * FACTOR + NOISE);
});

it('attachments that wait, counted as what they are once they are inflated', async () => {
  const server = await start({ perMessageDeflate: true, maxAttachmentBytes: 1_000 * KB });
  const ended: unknown[] = [];
  server.io.on('connection', (socket: Socket) => void socket.on('disconnect', (_reason, { code }) => ended.push(code)));

  const held = await heldAfter(async () => {
    for (let i = 0; i < SESSIONS; i++) {
      const wire = await joinedDeflated(server);
      wire.send(`4520-["e"]`);
      for (let n = 0; n < 20; n++) wire.send(Buffer.alloc(100 * KB));
    }
    await until(() => ended.length === SESSIONS, 'all are disconnected');
  });

  expect(new Set(ended)).toEqual(new Set(['ATTACHMENTS_TOO_LARGE']));
  expect(held).toBeLessThan(SESSIONS * 1_000 * KB + NOISE);
});

it('bodies that arrive in chunks of a byte and do not end', async () => {
  const server = await start({});
  const chunks = '1\r\na\r\n'.repeat(50_000);

  const held = await heldAfter(async () => {
    for (let i = 0; i < SESSIONS; i++) {
      const session = await openPolling(server.url);
      const { pathname, search } = new URL(session.url);
      const head = `POST ${pathname}${search} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`;
      new RawSocket(server.port).write(head + chunks);
    }
    await settled(server, SESSIONS * 50_000);
  });

  expect(server.io.engine.clientsCount).toBe(SESSIONS);
  expect(held).toBeLessThan(SESSIONS * chunks.length * FACTOR + NOISE);
});

it('connections that have come and gone', async () => {
  const server = await start({});
  const count = 800;

  const held = await heldAfter(async () => {
    for (let i = 0; i < count; i++) {
      const gone = nextEvent(server.http, 'connection').then(([socket]) => nextEvent(socket as Socket, 'close'));
      const { socket } = new RawSocket(server.port);
      socket.end(HEAD_OF_NOTHING);
      await gone;
    }
  });

  expect(held).toBeLessThan(NOISE);
});

it('packets in front of a CONNECT', async () => {
  const server = await start({});

  const held = await heldAfter(async () => {
    for (let i = 0; i < SESSIONS; i++) {
      const wire = await openSession(server.url);
      for (let n = 0; n < 10; n++) wire.send(`42["e","${'x'.repeat(100 * KB)}"]`);
      await wire.closed;
    }
  });

  expect(server.io.engine.clientsCount).toBe(0);
  expect(held).toBeLessThan(NOISE);
});

it.each<[string, ServerOptions, (server: RunningServer) => Promise<unknown>]>([
  ['the queue of a client that does not poll', {}, joinByPolling],
  ['the log of connection state recovery', { connectionStateRecovery: {} }, (server) => joined(server)],
])('%s', async (_place, options, join) => {
  const server = await start(options);
  const size = 50 * KB;
  const count = 10;

  const held = await heldAfter(async () => {
    for (let i = 0; i < SESSIONS; i++) await join(server);
    let n = 0;
    for (const socket of server.io.sockets.sockets.values()) {
      for (let i = 0; i < count; i++) socket.emit('e', `${n++}`.padEnd(size, 'x'));
    }
    await turns();
  });

  expect(held).toBeLessThan(SESSIONS * count * size * FACTOR + NOISE);
});

it('what is emitted to a socket that is not let in yet', async () => {
  const server = await start({});
  const size = 50 * KB;
  const count = 10;
  let n = 0;
  server.io.use((socket) => {
    for (let i = 0; i < count; i++) socket.emit('e', `${n++}`.padEnd(size, 'x'));
  });

  const held = await heldAfter(async () => {
    for (let i = 0; i < SESSIONS; i++) (await openSession(server.url)).send('40');
    await until(() => n === SESSIONS * count);
  });

  expect(held).toBeLessThan(SESSIONS * count * size * FACTOR + NOISE);
});

it('dynamic namespaces that refuse their client 10,000 times', async () => {
  const server = await start({ maxConnectsPerSecond: 100_000, maxConnectRefusals: 100_000 });
  server.io.of(/^\/room-/).use((_socket, next) => next(new Error('no')));
  const wire = await joined(server);

  const held = await heldAfter(async () => {
    for (let i = 0; i < 10_000; i++) wire.send(`40/room-${i},`);
    await until(() => server.io.stats().connectRefused.REFUSED === 10_000, 'all are refused', 15_000);
    await until(() => wire.unread.length === 10_000, 'all are told', 15_000);
    wire.unread.length = 0;
  });

  expect([...server.io._nsps.keys()]).toEqual(['/']);
  expect(held).toBeLessThan(NOISE);
});

const HEAD_OF_NOTHING = 'GET /socket.io/?EIO=4&transport=none HTTP/1.1\r\nHost: x\r\n\r\n';

/** Nothing is over before it was measured. */
function start(options: ServerOptions, defaults = MODULE_DEFAULTS): Promise<RunningServer> {
  return startServer({ connectTimeout: 60_000, attachmentTimeout: 60_000, serveClient: false, ...options }, defaults);
}

async function joined(server: RunningServer) {
  const wire = await openSession(server.url);
  wire.send('40');
  await wire.next();
  return wire;
}

async function joinAll(server: RunningServer, connect: string): Promise<void> {
  for (let i = 0; i < SOCKETS; i++) {
    const wire = await openSession(server.url);
    wire.send(connect);
    await wire.next();
  }
}

/** By a client that compresses what it sends. */
async function joinedDeflated(server: RunningServer): Promise<WebSocket> {
  const wire = new WebSocket(`${server.url.replace('http', 'ws')}?EIO=4&transport=websocket`);
  cleanup(() => wire.terminate());
  await new Promise((resolve) => wire.once('message', resolve));
  wire.send('40');
  await new Promise((resolve) => wire.once('message', resolve));
  return wire;
}

async function joinByPolling(server: RunningServer, headers?: Record<string, string>): Promise<void> {
  await push(await openPolling(server.url, {}, headers), '40');
}

async function joinByWebSocket(server: RunningServer, headers: Record<string, string> = {}): Promise<void> {
  const wire = await openSession(server.url, { headers });
  wire.send('40');
  await wire.next();
}

async function repeat(count: number, act: () => Promise<void>): Promise<void> {
  for (let i = 0; i < count; i++) await act();
}

/** Everything that was sent has been read. */
async function settled(server: RunningServer, bytes: number): Promise<void> {
  await until(() => server.io.stats().bytes.in >= bytes, 'all is read', 15_000);
  await turns();
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
}

/** How much more this process holds afterwards, in bytes: on its heap, and outside of it in buffers. */
async function heldAfter(act: () => Promise<unknown>): Promise<number> {
  const before = await heldNow();
  await act();
  return (await heldNow()) - before;
}

async function heldNow(): Promise<number> {
  for (let turn = 0; turn < 3; turn++) {
    await turns();
    collect();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
