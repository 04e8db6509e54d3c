import { setImmediate } from 'node:timers';
import type * as SocketIoClient from 'socket.io-client';
import type { Manager, ManagerOptions, Socket, SocketOptions } from 'socket.io-client';
import type { ClientOf } from '../client/index.js';
import { matches } from '../common/values.js';
import type { AnyContract, AuthOf, StandardSchema } from '../contract/index.js';
import { eventsOf, isContract } from '../contract/runtime.js';
import type { DefaultEventsMap, EventsMap } from '../socketio/index.js';
import { Inbox } from './inbox.js';
import { MemoryAgent } from './memory-agent.js';
import { PATIENCE, within } from './wait-limit.js';
import { resolveEndpoint, type Endpoint, type TestTarget } from './test-target.js';

/** Options of a test client: those of `socket.io-client`, with defaults for tests. */
export interface TestClientOptions extends Partial<Omit<ManagerOptions & SocketOptions, 'agent' | 'autoConnect'>> {
  /** @default '/' */
  namespace?: string;
  /** @default ['websocket'] */
  transports?: ('polling' | 'websocket')[];
  /** @default false */
  reconnection?: boolean;
  /** How long to wait for the connect or its refusal, in milliseconds. @default 3_000 */
  timeout?: number;
}

/** Options of a test client whose `auth` is that of a contract. */
export interface ContractClientOptions<C extends AnyContract> extends Omit<TestClientOptions, 'auth'> {
  /** What the client connects with, or a function that is given a callback for it. */
  auth?: AuthOf<C> | ((callback: (auth: AuthOf<C>) => void) => void);
}

/**
 * Connects a client in memory: no port is opened, and none is needed. It is a `Socket` of the installed
 * `socket.io-client`, and everything between it and the handlers is the real thing. Initializes the application.
 *
 * @throws what the client's `connect_error` says if the server refuses it; its `cause` names the namespace and the data
 *
 * Given a contract, the client is typed by it and joins its namespace; for the contract of a pattern, name one that matches.
 *
 * @example
 * const client = await createTestClient(app, { namespace: '/chat', auth: { name: 'Ada' } });
 * expect(await client.emitWithAck('sum', 1, 2)).toBe(3);
 */
export async function createTestClient<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
>(target: TestTarget, options?: TestClientOptions): Promise<Socket<ListenEvents, EmitEvents>>;
export async function createTestClient<C extends AnyContract & { readonly namespace: string }>(
  target: TestTarget,
  contract: C,
  options?: ContractClientOptions<C>,
): Promise<ClientOf<C>>;
export async function createTestClient<C extends AnyContract & { readonly namespace: RegExp }>(
  target: TestTarget,
  contract: C,
  options: ContractClientOptions<C> & { namespace: string },
): Promise<ClientOf<C>>;
export async function createTestClient(
  target: TestTarget,
  second: TestClientOptions | AnyContract = {},
  third: TestClientOptions = {},
): Promise<Socket> {
  const contract = isContract(second) ? second : null;
  const options = isContract(second) ? optionsFor(second, third) : second;
  const client = await TestClient.create(target, options, contract);
  try {
    await client.connect();
  } catch (error) {
    // Which says more than an error of the clean-up.
    await Promise.allSettled([client.close()]);
    throw explained(error as Error, client.namespace);
  }
  return client.socket;
}

/** A refusal may be as short as "Invalid namespace"; test runners print the cause as well. */
function explained(error: Error & { data?: unknown }, namespace: string): Error {
  const data = error.data === undefined ? '' : `: ${JSON.stringify(error.data)}`;
  error.cause ??= new Error(`createTestClient() could not connect to ${namespace}${data}`);
  return error;
}

/**
 * Connects a client that is to be refused, and resolves to what its `connect_error` says.
 *
 * @throws Error if the server lets it in
 */
export async function connectError(
  target: TestTarget,
  options?: TestClientOptions,
): Promise<Error & { data?: unknown }>;
export async function connectError(
  target: TestTarget,
  contract: AnyContract,
  options?: TestClientOptions,
): Promise<Error & { data?: unknown }>;
export async function connectError(
  target: TestTarget,
  second: TestClientOptions | AnyContract = {},
  third: TestClientOptions = {},
): Promise<Error & { data?: unknown }> {
  const client = await TestClient.create(target, isContract(second) ? optionsFor(second, third) : second);
  const refusal = await client.connect().then(
    () => null,
    (error: Error) => error,
  );
  await client.close();
  if (refusal === null)
    throw new Error(`the server let the client into ${client.namespace}, but a refusal was expected`);
  return refusal;
}

/**
 * Resolves to the arguments of the next event that no earlier call has resolved to; also of `disconnect` and
 * `connect_error`. Without the offset that connection state recovery puts behind them. Events that arrived before the call
 * count, from the connect on.
 *
 * @throws Error after `timeout` milliseconds (3,000), which names what arrived instead
 */
export function nextEvent<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  Event extends string & keyof (ListenEvents & ReservedEvents),
>(
  client: Socket<ListenEvents, EmitEvents>,
  event: Event,
  options: { timeout?: number } = {},
): Promise<EventArguments<ListenEvents, Event>> {
  return clientOf(client).take(event, options.timeout) as Promise<EventArguments<ListenEvents, Event>>;
}

/** Disconnects a client; resolves once the server has handled that, its `@OnDisconnect` handlers included. */
export function closeTestClient(client: Pick<Socket, 'disconnect'>): Promise<void> {
  return clientOf(client).close();
}

/** The same for all clients that are not closed yet. */
export async function closeTestClients(): Promise<void> {
  await Promise.all([...openClients].map((client) => client.close()));
}

/** @throws TypeError if the contract is for a pattern that the namespace does not match */
function optionsFor(contract: AnyContract, options: TestClientOptions): TestClientOptions {
  const pattern: unknown = contract.namespace;
  if (!(pattern instanceof RegExp)) return { ...options, namespace: String(pattern) };
  if (options.namespace !== undefined && matches(pattern, options.namespace)) return options;
  throw new TypeError(`name a namespace that the contract's pattern ${pattern} matches: { namespace: '/…' }`);
}

interface ReservedEvents {
  /** The client was disconnected. */
  disconnect: (reason: Socket.DisconnectReason, description?: unknown) => void;
  /** The server refused the client. */
  connect_error: (error: Error & { data?: unknown }) => void;
}

type EventArguments<ListenEvents, Event> = Event extends keyof ReservedEvents
  ? Parameters<ReservedEvents[Event]>
  : Event extends keyof ListenEvents
    ? ListenEvents[Event] extends (...args: infer Args) => void
      ? Args
      : never
    : never;

const openClients = new Set<TestClient>();
const clients = new WeakMap<object, TestClient>();

function clientOf(socket: object): TestClient {
  const client = clients.get(socket);
  if (client === undefined) throw new TypeError('this client was not made by createTestClient()');
  return client;
}

/** A client's `Socket` and what belongs to it. */
class TestClient {
  readonly #inbox: Inbox;
  readonly #manager: Manager;
  /** What tests wait for, or did. */
  readonly #taken: Promise<unknown[]>[] = [];
  #hasOpened = false;

  private constructor(
    readonly socket: Socket,
    readonly namespace: string,
    private readonly agent: MemoryAgent,
    private readonly endpoint: Endpoint,
    private readonly timeout: number,
    private readonly contract: AnyContract | null,
  ) {
    this.#manager = socket.io;
    this.#manager.on('open', () => (this.#hasOpened = true));
    hideOffsets(socket, (argument) => endpoint.isOffset(namespace, argument) === true);
    this.#inbox = new Inbox(socket);
    openClients.add(this);
    clients.set(socket, this);
  }

  static async create(
    target: TestTarget,
    options: TestClientOptions,
    contract: AnyContract | null = null,
  ): Promise<TestClient> {
    const { namespace = '/', timeout = PATIENCE, ...rest } = options;
    const endpoint = await resolveEndpoint(target);
    const agent = new MemoryAgent(endpoint.httpServer);
    const { Manager: ClientManager } = await loadClient();
    const settings = {
      transports: ['websocket'],
      reconnection: false,
      // Its timers keep no process alive.
      autoUnref: true,
      ...(endpoint.path === undefined ? null : { path: endpoint.path }),
      ...rest,
      // Two values that the typings do not know. No timeout: the one around it says more.
      timeout: false as unknown as number,
      agent: agent as unknown as string,
      autoConnect: false,
    };
    const manager = new ClientManager('http://localhost', settings);
    const name = namespace.startsWith('/') ? namespace : `/${namespace}`;
    return new TestClient(manager.socket(name, rest), name, agent, endpoint, timeout, contract);
  }

  async connect(): Promise<void> {
    const { socket } = this;
    const decided = new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
      this.#manager.once('close', (reason) => {
        // A refused client closes first and tells why within the same call.
        const error = new Error(`the connection ended before the server answered the CONNECT: ${reason}`);
        void Promise.resolve().then(() => reject(error));
      });
    });
    socket.connect();
    await within(
      decided,
      this.timeout,
      () => `waited ${this.timeout} ms for the server to let the client in or refuse it`,
    );
  }

  /** The arguments of an event. A test that fails in between leaves the promise behind, which must not end the runner. */
  take(event: string, timeout: number | undefined): Promise<unknown[]> {
    const taken = this.#take(event, timeout);
    this.#taken.push(taken);
    return taken;
  }

  async #take(event: string, timeout: number | undefined): Promise<unknown[]> {
    const args = await this.#inbox.take(event, timeout);
    return this.#hasOffset(event, args) ? args.slice(0, -1) : args;
  }

  /** If the server does not tell offsets from arguments, the contract does. */
  #hasOffset(event: string, args: readonly unknown[]): boolean {
    const { _pid: recoveryId } = this.socket as unknown as RecoveringClient;
    const last = args.at(-1);
    if (this.contract === null || recoveryId === undefined || typeof last !== 'string') return false;
    if (this.endpoint.isOffset(this.namespace, last) !== null) return false;
    const schemas = eventsOf(this.contract, 'out')?.get(event)?.schemas ?? null;
    return event !== 'disconnect' && (schemas === null || args.length > requiredOf(schemas));
  }

  /** Idempotent: a further call waits as well. */
  async close(): Promise<void> {
    openClients.delete(this);
    for (const taken of this.#taken.splice(0)) taken.catch(() => {});
    this.#manager.reconnection(false);
    this.socket.disconnect();
    // Other namespaces may be joined over this connection.
    this.#manager.engine?.close();
    // A request that was never answered would not end by itself.
    if (!this.#hasOpened) this.agent.destroy();
    await within(this.#closed(), PATIENCE, () => `waited ${PATIENCE} ms for the connection to close`);
    await this.endpoint.departures();
  }

  async #closed(): Promise<void> {
    const { engine } = this.#manager;
    if (engine?.readyState === 'closing') await new Promise((resolve) => engine.once('close', resolve));
    await this.agent.idle();
    // What a closed connection is to the layers above it, they learn within the turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The part of the official client that knows of connection state recovery. */
interface RecoveringClient {
  readonly _pid?: unknown;
  _lastOffset?: string;
  emitEvent?(args: readonly unknown[]): void;
}

/** Clients that may come back get an offset behind the arguments of events: it is for them, and for no listener of a test. */
function hideOffsets(socket: object, isOffset: (argument: string) => boolean): void {
  const client = socket as RecoveringClient;
  const emitEvent = client.emitEvent;
  if (emitEvent === undefined) return;
  client.emitEvent = (args) => {
    const last = args.at(-1);
    const hasOffset = client._pid !== undefined && typeof last === 'string' && isOffset(last);
    emitEvent.call(client, hasOffset ? args.slice(0, -1) : args);
    if (hasOffset) client._lastOffset = last;
  };
}

/** How many arguments an event has at least. */
function requiredOf(schemas: readonly StandardSchema[]): number {
  return schemas.filter((schema) => {
    const result = schema['~standard'].validate(undefined);
    return !(result instanceof Promise) && result.issues !== undefined;
  }).length;
}

async function loadClient(): Promise<typeof SocketIoClient> {
  try {
    return await import('socket.io-client');
  } catch (cause) {
    throw new Error('createTestClient() needs the package socket.io-client: npm i -D socket.io-client', { cause });
  }
}
