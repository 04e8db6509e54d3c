import { isDeepStrictEqual } from 'node:util';
import { MODULE_DEFAULTS, Socket, type Server, type ServerOptions } from '../../../src/socketio/index.js';
import { openClient, type ClientOptions, type ClientSocket } from '../../support/official-client.js';
import { startServer, type RunningServer } from '../../support/server.js';
import { until, within } from '../../support/until.js';
import { FAILURE, Foreign, type Way } from './ways.js';

const { jest } = import.meta;

/** One place where foreign code is handed in, and how it is driven. */
export interface Border {
  /** What the server is made with. */
  options?(foreign: Foreign): ServerOptions;
  /** What is done to a server before any client is there. */
  prepare?(server: RunningServer, foreign: Foreign): void;
  /** What is done to each new socket. */
  socket?(socket: Socket, foreign: Foreign): void;
  /** What is done beyond the common life of a client, while it is connected. */
  act?(life: Life): unknown;
  /** What is done once the client has gone, such as closing. */
  after?(life: Life): unknown;
  client?: ClientOptions;
  /**
   * Who hears of a failure. `socket`: `onError`, with the socket. `warning`: `onWarning`, in words.
   * `refusal`: listeners of `connection_error`. `console`: it is the last
   * resort that fails. `elsewhere`: the one that called, or the client at fault, and not `onError`. `caller too`: besides
   * `onError`, if at all, as some calls are made for a caller and some are not. @default 'onError'
   */
  reports?: 'onError' | 'socket' | 'warning' | 'refusal' | 'console' | 'elsewhere' | 'caller too';
  /** Timers that a server has for itself from its first client on. @default 0 */
  timers?: number;
  /** Whether `after` ends the server. */
  isLast?: boolean;
  /** Ways that say nothing about this border. */
  without?: readonly Way[];
}

/** A server, a client, and what came of them. */
export interface Life {
  readonly server: RunningServer;
  readonly io: Server;
  readonly client: ClientSocket;
  readonly foreign: Foreign;
  readonly way: Way;
}

/** How long a decision, an ack, a query may take. */
export const LIMIT = 200;
/** How long anything may take; the rest is the machine's. */
export const PATIENCE = 10_000;

/**
 * Lets a client live through all that a server does, while one border fails in one way, and holds what must be true then:
 * the process lives and nothing is rejected unhandled (the runner fails a test for either), the client is let in or
 * refused in time, an ack that it asked for comes or it is disconnected, `disconnect` is told once for each connection,
 * nothing stays of it, the failure is reported, the next client is served, and the server can be closed.
 */
export async function drive(border: Border, way: Way): Promise<void> {
  const servers: RunningServer[] = [];
  const foreign = new Foreign(way, () => servers.forEach(({ io }) => callBack(io)));
  const about: unknown[] = [];
  const own = border.options?.(foreign) ?? {};
  const printed = jest.spyOn(console, 'error').mockImplementation(() => {});
  const reported: unknown[] = [];
  const refusals: unknown[] = [];
  const server = await startServer(
    {
      connectTimeout: LIMIT,
      ackTimeout: LIMIT,
      upgradeTimeout: LIMIT,
      attachmentTimeout: LIMIT,
      closeTimeout: LIMIT,
      onError: (error, socket) => void (reported.push(error), about.push(socket)),
      ...own,
    },
    MODULE_DEFAULTS,
  );
  servers.push(server);
  const { io } = server;
  const told = new Map<string, number>();
  io.on('connection', (socket) => {
    told.set(socket.id, 0);
    socket.on('disconnect', () => told.set(socket.id, told.get(socket.id)! + 1));
    border.socket?.(socket, foreign);
  });
  io.engine.on('connection_error', ({ context }) => refusals.push(context.error));
  border.prepare?.(server, foreign);
  foreign.arm();
  const before = { ...stateOf(io), timers: border.timers ?? 0 };

  const client = openClient(server.origin, { transports: ['polling', 'websocket'], ...border.client });
  const life: Life = { server, io, client, foreign, way };
  client.on('ask', (...args: unknown[]) => (args.at(-1) as (value: number) => void)(1));
  if (await isLetIn(client)) await live(life, border);
  client.disconnect();
  client.io.engine.close();
  await border.after?.(life);

  await until(() => foreign.calls > 0, 'the border is called', PATIENCE);
  await until(() => isDeepStrictEqual(stateOf(io), before), 'nothing is left', PATIENCE).catch(() =>
    expect(stateOf(io)).toEqual(before),
  );
  expect([...told.values()].filter((times) => times !== 1)).toEqual([]);
  if (way === 'throws' || way === 'rejects') {
    const console = printed.mock.calls.flat();
    await isReported(border, { reported, about, refusals, warnings: server.warnings, console });
  }
  printed.mockRestore();
  if (border.isLast) return;
  foreign.heal();
  await isServed(server.origin, border.client);
  await within(io.close(), 'the server to close');
}

/** What any foreign code may do to the server that calls it. */
function callBack(io: Server): void {
  io.emit('inside');
  void io.fetchSockets().catch(() => {});
  io.timeout(LIMIT).emit('ask', () => {});
  for (const socket of io.sockets.sockets.values()) {
    void socket.join('inside');
    void socket.leave('inside');
    socket.disconnect(true);
  }
}

/** Whether a client is let in; false once it is refused or cut off. */
export function isLetIn(client: ClientSocket): Promise<boolean> {
  const decided = new Promise<boolean>((resolve) => {
    client.once('connect', () => resolve(true));
    client.once('connect_error', () => resolve(false));
    client.io.once('close', () => resolve(false));
  });
  return within(decided, 'the client to be let in or refused', PATIENCE);
}

/** What a client and a server do with each other. Each part may fail, but ends. */
async function live(life: Life, border: Border): Promise<void> {
  const { io, client } = life;
  await ended('an upgrade', untilUpgraded(client));
  await ended('an ack', askOf(client, 'echo', 1));
  await ended('binary', askOf(client, 'echo', Buffer.from('ab')));
  client.emit('unheard', 1);
  await ended('an ack of an unknown event', askOf(client, 'unheard', 1));
  for (const socket of io.sockets.sockets.values()) {
    attempt(() => socket.join('room'));
    attempt(() => socket.emit('hello', 1));
    await ended(
      'an ack of the client',
      rejecting(() => socket.timeout(LIMIT).emitWithAck('ask')),
    );
  }
  attempt(() => io.to('room').emit('hello', { of: 'all' }));
  await ended(
    'acks of a room',
    rejecting(() => io.to('room').timeout(LIMIT).emitWithAck('ask')),
  );
  await ended(
    'the sockets',
    rejecting(() => io.fetchSockets()),
  );
  await ended(
    'the ids',
    rejecting(() => io.allSockets()),
  );
  await ended(
    'joining',
    rejecting(() => io.in('room').socketsJoin('other')),
  );
  await ended(
    'leaving',
    rejecting(() => io.in('room').socketsLeave('other')),
  );
  await ended(
    'asking servers',
    rejecting(() => io.serverSideEmitWithAck('anyone')),
  );
  await ended(
    'the number of servers',
    rejecting(() => io.count()),
  );
  for (const socket of io.sockets.sockets.values()) attempt(() => socket.leave('room'));
  await border.act?.(life);
}

function untilUpgraded(client: ClientSocket): Promise<void> {
  const { transports } = client.io.opts as { transports: string[] };
  if (transports.length < 2) return Promise.resolve();
  return new Promise((resolve) => {
    client.io.engine?.once('upgrade', () => resolve());
    client.io.once('close', () => resolve());
    if (client.io.engine?.transport.name === 'websocket') resolve();
    // It may have failed, and the session goes on.
    setTimeout(resolve, LIMIT);
  });
}

/** An ack of the server; resolves to undefined if the client is cut off meanwhile. */
export async function askOf(client: ClientSocket, event: string, ...args: unknown[]): Promise<unknown> {
  if (client.disconnected) return undefined;
  return new Promise((resolve) => {
    client.once('disconnect', resolve);
    client.emit(event, ...args, resolve);
  });
}

/** Settles either way. */
function ended(what: string, promise: Promise<unknown>): Promise<unknown> {
  const settled = promise.catch(() => {});
  return within(settled, `${what} to end`, PATIENCE);
}

async function rejecting(call: () => Promise<unknown>): Promise<unknown> {
  return call();
}

/** Calls that tell of a failure by throwing, as those that encode or send. */
function attempt(call: () => unknown): void {
  try {
    const result: unknown = call();
    if (result instanceof Promise) result.catch(() => {});
  } catch {
    // The caller was told.
  }
}

/** What the server holds. */
function stateOf(io: Server): object {
  return {
    sessions: io.engine.clientsCount,
    namespaces: [...io._nsps.keys()],
    sockets: [...io._nsps.values()].map(({ sockets, _preConnectSockets }) => sockets.size + _preConnectSockets.size),
    connecting: [...io._nsps.values()].map(({ connecting }) => connecting),
    rooms: [...io._nsps.values()].map(({ adapter }) => adapter.rooms.size + adapter.sids.size),
    timers: io.wheel.size + io.idleWheel.size,
  };
}

interface Reports {
  readonly reported: readonly unknown[];
  /** The sockets that were told with them. */
  readonly about: readonly unknown[];
  /** What refused requests. */
  readonly refusals: readonly unknown[];
  readonly warnings: readonly string[];
  readonly console: readonly unknown[];
}

async function isReported({ reports = 'onError' }: Border, told: Reports): Promise<void> {
  switch (reports) {
    case 'warning':
      expect(told.warnings.join('\n')).toContain(FAILURE.message);
      return;
    case 'refusal':
      expect(told.refusals.map((error) => (error as Error).cause ?? error)).toContain(FAILURE);
      return;
    case 'console':
      expect(told.console).toContain(FAILURE);
      return;
    case 'elsewhere':
      expect(told.reported).not.toContain(FAILURE);
      return;
    case 'caller too':
      return;
    default:
      await until(() => told.reported.includes(FAILURE), 'the failure is reported');
      if (reports === 'socket') expect(told.about[told.reported.indexOf(FAILURE)]).toBeInstanceOf(Socket);
  }
}

/** The next client is let in and gets its echo. */
export async function isServed(origin: string, options?: ClientOptions): Promise<void> {
  const client = openClient(origin, options);
  await until(() => client.connected, 'the next client is let in', PATIENCE);
  expect(await within(client.emitWithAck('echo', 2), 'an echo for the next client', PATIENCE)).toBe(2);
  client.disconnect();
  await until(() => client.io.engine.readyState === 'closed', 'it is gone');
}
