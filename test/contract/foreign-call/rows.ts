/** The rows of the contract: each border by its name in the types, and how it is driven. */
import * as official from 'socket.io-parser';
import {
  MemoryAdapter,
  type AdapterConstructor,
  type Parser,
  type ServerOptions,
} from '../../../src/socketio/index.js';
import { RecoveringAdapter } from '../../../src/socketio/recovery/recovering-adapter.js';
import type { ClientOptions, ClientSocket } from '../../support/official-client.js';
import { until, within } from '../../support/until.js';
import type { Border, Life } from './drive.js';
import type { AnyFunction, Foreign, Way } from './ways.js';

export type Rows = Readonly<Record<string, Border>>;

/** What does not wait for an answer cannot be left without one, and what has no callback is not answered twice. */
const LISTENER: readonly Way[] = ['answers twice'];
/** A constructor can neither reject nor wait. */
const CONSTRUCTOR: readonly Way[] = ['rejects', 'never answers', 'answers twice'];
/** Answers at once, by its value. */
const VALUE: readonly Way[] = ['answers twice'];
/** The same, where a promise is a wrong value, which an error of its own says: see the spec. */
const NO_PROMISE: readonly Way[] = ['rejects', 'never answers', 'answers twice'];
/** Called by the encoder, for which a promise is a value like any other: one that rejects is that of the one who emits. */
const PAYLOAD: readonly Way[] = ['rejects', 'never answers', 'answers twice'];
/** The one who asks waits as long as the adapter does; `AdapterPort` bounds it (adapter-port.spec). */
const QUESTION: readonly Way[] = ['never answers', 'answers twice'];

const POLLING: ClientOptions = { transports: ['polling'] };
const FROM_ELSEWHERE: ClientOptions = { extraHeaders: { origin: 'http://elsewhere.example' } };
const FORWARDED: ClientOptions = { extraHeaders: { 'x-forwarded-for': '203.0.113.7' } };

/** Each option that is a function or a class. Those of the module alone are in a table of their own. */
export const OPTIONS: Rows = {
  adapter: {
    options: (foreign) => ({ adapter: foreign.constructorOf(MemoryAdapter as never) as AdapterConstructor }),
    prepare: ({ io }) => void io.of(DYNAMIC),
    act: joinDynamic,
    without: CONSTRUCTOR,
  },
  allowRequest: {
    options: (foreign) => ({
      allowRequest: foreign.function((_request, decide) => decide(null, true)) as ServerOptions['allowRequest'],
    }),
    reports: 'warning',
  },
  'cookie.encode': {
    options: (foreign) => ({ cookie: { encode: foreign.function(String) as (value: string) => string } }),
    without: NO_PROMISE,
  },
  cors: {
    options: (foreign) => ({
      cors: foreign.function((_request, answer) => answer(null, { origin: true })) as ServerOptions['cors'],
    }),
    client: FROM_ELSEWHERE,
    reports: 'refusal',
  },
  'cors.origin': {
    options: (foreign) => ({
      cors: { origin: foreign.function((_origin, answer) => answer(null, true)) as never },
    }),
    client: FROM_ELSEWHERE,
    reports: 'refusal',
  },
  generateId: {
    options: (foreign) => ({ generateId: foreign.function(() => `id-${Math.random()}`) as () => string }),
    reports: 'refusal',
  },
  generateSocketId: {
    options: (foreign) => ({ generateSocketId: foreign.function(() => `id-${Math.random()}`) as () => string }),
    without: NO_PROMISE,
  },
  'nodes.urlOf': {
    options: (foreign) => ({ nodes: { self: 'here', urlOf: foreign.function(() => undefined) as () => undefined } }),
    // Each is answered, though the one who should say where to hand it never does.
    act: ({ server }) =>
      fetch(`${server.url}?EIO=4&transport=polling&sid=there.${'a'.repeat(20)}`).then((answer) => answer.text()),
    without: VALUE,
  },
  onError: {
    options: (foreign) => ({ onError: foreign.function(() => {}) }),
    socket: (socket) => void socket.on('unheard', () => Promise.reject(new Error('of a listener'))),
    reports: 'console',
    without: LISTENER,
  },
  onWarning: {
    options: (foreign) => ({ onWarning: foreign.function(() => {}), checkOrigin: true }),
    prepare: ({ url }) =>
      void fetch(url + '?EIO=4&transport=polling', { headers: { origin: 'http://elsewhere.example' } }),
    reports: 'console',
    without: LISTENER,
  },
  'presence.key': {
    options: (foreign) => ({ presence: { gracePeriod: 0, key: foreign.function(() => 'ann') as () => string } }),
    timers: 1,
    without: NO_PROMISE,
  },
  'presence.onChange': {
    options: (foreign) => ({ presence: { gracePeriod: 0, key: () => 'ann', onChange: foreign.function(() => {}) } }),
    timers: 1,
    without: LISTENER,
  },
  trustProxy: {
    options: (foreign) => ({ trustProxy: foreign.function(() => true) as () => boolean, maxConnectionsPerIp: 10 }),
    client: FORWARDED,
    reports: 'warning',
    without: VALUE,
  },
  'parser.Encoder': {
    options: (foreign) => ({ parser: parserWith({ Encoder: foreign.constructorOf(official.Encoder as never) }) }),
    // Made once, before the first message, to see what it writes.
    reports: 'elsewhere',
    without: CONSTRUCTOR,
  },
  'parser.Encoder.encode': {
    options: (foreign) => ({ parser: parserWith({ Encoder: withMethod(official.Encoder, 'encode', foreign) }) }),
    without: VALUE,
  },
  'parser.Decoder': {
    options: (foreign) => ({ parser: parserWith({ Decoder: foreign.constructorOf(official.Decoder as never) }) }),
    without: CONSTRUCTOR,
  },
  'parser.Decoder.add': {
    options: (foreign) => ({ parser: parserWith({ Decoder: withMethod(official.Decoder, 'add', foreign) }) }),
    // A decoder throws for what it cannot read: the client is at fault, and its session ends.
    reports: 'caller too',
    without: LISTENER,
  },
  'parser.Decoder.on': {
    options: (foreign) => ({ parser: parserWith({ Decoder: withMethod(official.Decoder, 'on', foreign) }) }),
    without: LISTENER,
  },
  'parser.Decoder.destroy': {
    options: (foreign) => ({ parser: parserWith({ Decoder: withMethod(official.Decoder, 'destroy', foreign) }) }),
    without: LISTENER,
  },
  'parser.check': {
    options: (foreign) => ({
      parser: { ...parserWith({}), check: foreign.function(() => {}) as NonNullable<Parser['check']> },
    }),
    reports: 'caller too',
    without: LISTENER,
  },
};

/** Each event that users can listen to. */
export const EVENTS: Rows = {
  ...Object.fromEntries(
    ['create-room', 'join-room', 'leave-room', 'delete-room'].map((event) => [
      `adapter: ${event}`,
      {
        prepare: ({ io }, foreign) => void io.sockets.adapter.on(event, foreign.function(ignore)),
        without: LISTENER,
      } satisfies Border,
    ]),
  ),
  ...Object.fromEntries(
    ['connection', 'headers', 'initial_headers'].map((event) => [
      `engine: ${event}`,
      {
        prepare: ({ io }, foreign) => void io.engine.on(event, foreign.function(ignore)),
        reports: event === 'connection' ? 'onError' : 'warning',
        without: LISTENER,
      } satisfies Border,
    ]),
  ),
  'engine: connection_error': {
    prepare: ({ io }, foreign) => void io.engine.on('connection_error', foreign.function(ignore)),
    act: ({ server }) => fetch(`${server.url}?EIO=4&transport=none`).then((answer) => answer.text()),
    without: LISTENER,
  },
  ...Object.fromEntries(
    [
      'close',
      'data',
      'drain',
      'flush',
      'heartbeat',
      'message',
      'packet',
      'packetCreate',
      'ping',
      'upgrade',
      'upgrading',
    ].map((event) => [`session: ${event}`, sessionEvent(event)]),
  ),
  'session: overflow': {
    ...sessionEvent('overflow'),
    options: () => ({ dropFramesOnOverflow: true, sendQueueBytes: 100 }),
    act: ({ io }) => {
      for (let i = 0; i < 3; i++) io.emit('large', 'x'.repeat(200));
    },
    client: POLLING,
  },
  'namespace: connect': {
    prepare: ({ io }, foreign) => void io.on('connect', foreign.function(ignore)),
    without: LISTENER,
  },
  'namespace: connection': {
    prepare: ({ io }, foreign) => void io.on('connection', foreign.function(ignore)),
    without: LISTENER,
  },
  'namespace: new_namespace': {
    prepare: ({ io }, foreign) => void io.on('new_namespace', foreign.function(ignore)).of(DYNAMIC),
    act: joinDynamic,
    without: LISTENER,
  },
  'namespace: session_expired': {
    options: () => ({ connectionStateRecovery: { maxDisconnectionDuration: 20 } }),
    prepare: ({ io }, foreign) => void io.on('session_expired', foreign.function(ignore)),
    act: ({ client }) => void client.io.engine.close(),
    after: ({ foreign }) => until(() => foreign.calls > 0, 'the session is over'),
    without: LISTENER,
  },
  'socket: disconnect': socketEvent('disconnect'),
  'socket: disconnecting': socketEvent('disconnecting'),
  'socket: error': {
    ...socketEvent('error'),
    act: async ({ client, foreign }) => {
      (client.io.engine as unknown as { write(message: string): void }).write('9');
      await until(() => foreign.calls > 0 || client.disconnected, 'it is told of the malformed packet');
    },
  },
};

/** Each method of the published interface that takes a function, and what the types do not say: acks, payloads, `data`. */
export const METHODS: Rows = {
  'EngineServer.use(middleware)': {
    reports: 'refusal',
    prepare: ({ io }, foreign) => void io.engine.use(foreign.function((_request, _response, next) => next())),
  },
  'Namespace.use(middleware)': {
    prepare: ({ io }, foreign) => void io.of('/').use(foreign.function((_socket, next) => next())),
    reports: 'socket',
  },
  'Server.use(middleware)': {
    prepare: ({ io }, foreign) => void io.use(foreign.function((_socket, next) => next())),
    reports: 'socket',
  },
  'Socket.use(middleware)': {
    socket: (socket, foreign) => void socket.use(foreign.function((_event, next) => next())),
    reports: 'socket',
  },
  'Server.adapter(constructor)': {
    ...OPTIONS.adapter,
    options: () => ({}),
    prepare: ({ io }, foreign) => {
      io.adapter(foreign.constructorOf(MemoryAdapter as never) as AdapterConstructor);
      io.of(DYNAMIC);
    },
  },
  'Server.close(callback)': {
    after: async ({ io, foreign }) => void (await io.close(foreign.function(ignore))),
    isLast: true,
    without: LISTENER,
  },
  'Server.of(listener)': {
    prepare: ({ io }, foreign) => void io.of('/', foreign.function(ignore)),
    without: LISTENER,
  },
  'Server.of(name)': {
    prepare: ({ io }, foreign) => void io.of(foreign.function((_name, _auth, next) => next(null, true)) as never),
    act: joinDynamic,
  },
  ...Object.fromEntries(
    (['send', 'write'] as const).flatMap((method) => [
      [`Session.${method}(callback)`, sessionCallback(method, true)],
      [`Session.${method}(options)`, sessionCallback(method, false)],
    ]),
  ),
  ...Object.fromEntries(
    (['onAny', 'prependAny', 'onAnyOutgoing', 'prependAnyOutgoing'] as const).map((method) => [
      `Socket.${method}(listener)`,
      {
        socket: (socket, foreign) => void socket[method](foreign.function(ignore)),
        reports: 'socket',
        without: LISTENER,
      } satisfies Border,
    ]),
  ),
  'a listener of an event': {
    socket: (socket, foreign) => void socket.on('echo', foreign.function(ignore)),
    reports: 'socket',
    without: LISTENER,
  },
  'a listener that takes upon itself to answer': {
    socket: (socket, foreign) =>
      void socket.on(
        'unheard',
        foreign.function((_value, answer?: AnyFunction) => answer?.(1)),
      ),
    reports: 'socket',
    // Nobody but the listener gives the ack: the module settles it for decorated handlers alone.
    without: ['never answers'],
  },
  'the ack of an emit': {
    act: ({ io, foreign }) => askEach(io.sockets.sockets.values(), foreign, (socket, ack) => socket.emit('ask', ack)),
    reports: 'socket',
    without: LISTENER,
  },
  'the ack of an emit with a timeout': {
    act: ({ io, foreign }) =>
      askEach(io.sockets.sockets.values(), foreign, (socket, ack) => socket.timeout(100).emit('ask', ack)),
    reports: 'socket',
    without: LISTENER,
  },
  'the ack of a broadcast': {
    act: ({ io, foreign }) => askEach([io.sockets], foreign, (nsp, ack) => nsp.timeout(100).emit('ask', ack as never)),
    without: LISTENER,
  },
  'the ack of a server-side event': {
    act: ({ io, foreign }) => askEach([io], foreign, (server, ack) => server.serverSideEmit('ask', ack)),
    without: LISTENER,
  },
  'toJSON of what is emitted': {
    act: ({ io, foreign }) =>
      attemptEach(io.sockets.sockets.values(), (socket) => socket.emit('value', jsonOf(foreign))),
    reports: 'elsewhere',
    without: PAYLOAD,
  },
  'toJSON of what is broadcast': {
    act: ({ io, foreign }) => attemptEach([io], (server) => server.emit('value', jsonOf(foreign))),
    reports: 'elsewhere',
    without: PAYLOAD,
  },
  'toJSON of what is kept for a comeback': {
    options: () => ({ connectionStateRecovery: {} }),
    act: ({ io, foreign }) =>
      attemptEach([io, ...io.sockets.sockets.values()], (one) => one.emit('value', jsonOf(foreign))),
    reports: 'elsewhere',
    without: PAYLOAD,
  },
  'a getter in what is emitted': {
    act: ({ io, foreign }) =>
      attemptEach([io, ...io.sockets.sockets.values()], (one) => one.emit('value', getterOf(foreign))),
    reports: 'elsewhere',
    without: PAYLOAD,
  },
  'toJSON of an ack': {
    socket: (socket, foreign) =>
      void socket.on('unheard', (...args) => (args.at(-1) as AnyFunction)?.call?.(null, jsonOf(foreign))),
    reports: 'socket',
    without: PAYLOAD,
  },
  'toJSON of what a middleware refuses with': {
    prepare: ({ io }, foreign) =>
      void io.of('/refusing').use((_socket, next) => next(Object.assign(new Error('no'), { data: jsonOf(foreign) }))),
    act: async ({ client }) => {
      const other = client.io.socket('/refusing');
      await decided(other, client);
      other.disconnect();
    },
    without: PAYLOAD,
  },
};

/** Each method of an adapter. */
export const ADAPTER: Rows = {
  addAll: adapterMethod('addAll'),
  addSockets: { ...adapterMethod('addSockets'), without: QUESTION },
  broadcast: { ...adapterMethod('broadcast'), reports: 'caller too' },
  broadcastWithAck: { ...adapterMethod('broadcastWithAck'), reports: 'caller too' },
  close: { ...adapterMethod('close'), after: ({ io }) => io.close(), isLast: true },
  del: adapterMethod('del'),
  delAll: adapterMethod('delAll'),
  delSockets: { ...adapterMethod('delSockets'), without: QUESTION },
  disconnectSockets: {
    ...adapterMethod('disconnectSockets'),
    act: ({ io }) => void io.disconnectSockets(true).catch(ignore),
  },
  fetchSockets: { ...adapterMethod('fetchSockets'), reports: 'elsewhere', without: QUESTION },
  forgetSession: { ...recoveringMethod('forgetSession'), act: ({ client }) => void client.io.engine.close() },
  init: { ...adapterMethod('init'), prepare: ({ io }) => void io.of(DYNAMIC), act: joinDynamic },
  openSession: recoveringMethod('openSession'),
  persistSession: { ...recoveringMethod('persistSession'), act: comeBack },
  restoreSession: { ...recoveringMethod('restoreSession'), act: comeBack, reports: 'elsewhere' },
  serverCount: { ...adapterMethod('serverCount'), reports: 'elsewhere', without: QUESTION },
  serverSideEmit: { ...adapterMethod('serverSideEmit'), reports: 'caller too' },
  socketRooms: {
    ...adapterMethod('socketRooms'),
    act: ({ io }) => [...io.sockets.sockets.values()].map(({ rooms }) => rooms),
  },
  sockets: { ...adapterMethod('sockets'), reports: 'elsewhere', without: QUESTION },
};

/** Names of dynamic namespaces. */
const DYNAMIC = /^\/dynamic-/;

function adapterMethod(name: Extract<keyof MemoryAdapter, string>): Border {
  return {
    options: (foreign) => ({ adapter: withMethod(MemoryAdapter, name, foreign) as AdapterConstructor }),
    without: LISTENER,
  };
}

function recoveringMethod(name: Extract<keyof RecoveringAdapter, string>): Border {
  return {
    options: (foreign) => ({
      connectionStateRecovery: { maxDisconnectionDuration: 100 },
      adapter: withMethod(RecoveringAdapter, name, foreign) as AdapterConstructor,
    }),
    without: LISTENER,
  };
}

function sessionEvent(event: string): Border {
  return {
    options: () => ({ pingInterval: 40 }),
    prepare: ({ io }, foreign) =>
      void io.engine.on('connection', (session) => session.on(event, foreign.function(ignore))),
    act: async ({ foreign, client }) => {
      if (event !== 'close') await until(() => foreign.calls > 0 || client.disconnected, `${event} is told`);
    },
    without: LISTENER,
  };
}

function socketEvent(event: 'disconnect' | 'disconnecting' | 'error'): Border {
  return {
    socket: (socket, foreign) => void socket.on(event, foreign.function(ignore)),
    reports: 'socket',
    without: LISTENER,
  };
}

function sessionCallback(method: 'send' | 'write', hasOptions: boolean): Border {
  return {
    act: async ({ io, foreign, client }) => {
      const callback = foreign.function(ignore);
      for (const session of io.engine.sessions.values()) {
        if (hasOptions) session[method]('2["raw"]', {}, callback);
        else session[method]('2["raw"]', callback);
      }
      await until(() => foreign.calls > 0 || client.disconnected, 'it is sent');
    },
    client: POLLING,
    without: LISTENER,
  };
}

function parserWith(parts: Partial<Record<keyof Parser, unknown>>): Parser {
  return { Encoder: official.Encoder, Decoder: official.Decoder, ...parts } as unknown as Parser;
}

/** A class of which one method is foreign. */
function withMethod<Well extends object>(Base: new (...args: never[]) => Well, name: string, foreign: Foreign): never {
  const well = (Base.prototype as Record<string, AnyFunction>)[name];
  class Derived extends (Base as new () => object) {}
  Object.defineProperty(Derived.prototype, name, { value: foreign.function(well), configurable: true, writable: true });
  return Derived as never;
}

/** Asks for an ack, or for acks, with a foreign callback. */
async function askEach<Asked>(
  asked: Iterable<Asked>,
  foreign: Foreign,
  ask: (one: Asked, ack: AnyFunction) => unknown,
) {
  const ack = foreign.function(ignore);
  let isAsked = false;
  for (const one of asked) isAsked = ask(one, ack) !== undefined;
  if (isAsked) await until(() => foreign.calls > 0, 'the ack is told');
}

function attemptEach<One>(all: Iterable<One>, call: (one: One) => unknown): void {
  for (const one of all) {
    try {
      call(one);
    } catch {
      // The caller is told.
    }
  }
}

function jsonOf(foreign: Foreign): object {
  return { toJSON: foreign.function(() => 1) };
}

function getterOf(foreign: Foreign): object {
  return Object.defineProperty({}, 'value', { enumerable: true, get: foreign.function(() => 1) as () => unknown });
}

/** Joins a dynamic namespace, as far as it goes, and leaves it. */
async function joinDynamic({ client, foreign }: Life): Promise<void> {
  if (client.disconnected) return;
  const other = client.io.socket(`/dynamic-${foreign.calls}`);
  await decided(other, client);
  other.disconnect();
}

/** Resolves once a client is let in or refused, or its connection is cut. */
function decided(socket: ClientSocket, main = socket): Promise<unknown> {
  const decision = new Promise((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('connect_error', resolve);
    main.once('disconnect', resolve);
  });
  return within(decision, 'it is let in or refused');
}

/** Loses its connection and comes back. */
async function comeBack({ client }: Life): Promise<void> {
  if (client.disconnected) return;
  const gone = new Promise((resolve) => client.once('disconnect', resolve));
  client.io.engine.close();
  await gone;
  const back = decided(client);
  client.connect();
  await back;
}

function ignore(): void {}
