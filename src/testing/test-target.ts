import { createServer, type Server as HttpServer } from 'node:http';
import { PATIENCE, within } from './wait-limit.js';

/** What a client can be connected to: a Nest application, a `Server`, or the HTTP server that one is attached to. */
export type TestTarget = NestApplication | SocketIoServer | HttpServer;

/** An application of Nest, also a standalone one that has a port of its own. */
export interface NestApplication {
  /** Initializes the application. */
  init(): Promise<unknown>;
  /** Ends the application. */
  close(): Promise<void>;
}

/** A `Server`, with or without an HTTP server. */
export interface SocketIoServer {
  /** The HTTP server that it is attached to. */
  httpServer?: HttpServer;
  /** The path of the server. */
  path(): string;
  /** Attaches it to an HTTP server. */
  attach(server: HttpServer): unknown;
  /** The namespaces by name. */
  readonly _nsps?: ReadonlyMap<string, { readonly adapter: object }>;
}

/** Where clients of a target connect, and how one learns that the target is through with a client that left. */
export interface Endpoint {
  readonly httpServer: HttpServer;
  readonly path: string | undefined;
  /** Resolves once asynchronous handlers of disconnects have settled. */
  departures(): Promise<void>;
  /** Whether the last argument of an event is the offset of connection state recovery; null if that cannot be told. */
  isOffset(namespace: string, argument: string): boolean | null;
}

/**
 * Makes a target ready for clients: initializes an application, gives a server that has none an HTTP server.
 *
 * @throws TypeError for what is none of the three
 */
export async function resolveEndpoint(target: TestTarget): Promise<Endpoint> {
  if (isHttpServer(target)) return { httpServer: target, path: undefined, departures, isOffset: unknown };
  if (isNestApplication(target)) return resolveApplication(target);
  if (!isSocketIoServer(target))
    throw new TypeError('a test client needs a Nest application, a Server or an http.Server');
  if (target.httpServer === undefined) target.attach(createServer());
  return { httpServer: target.httpServer!, path: target.path(), departures, isOffset: askAdapterOf(target) };
}

async function resolveApplication(app: NestApplication): Promise<Endpoint> {
  await initialize(app);
  // Only now: tests of a plain Server may run without Nest.
  const { findRuntime } = await import('../nest/index.js');
  const host = findRuntime(app as Parameters<typeof findRuntime>[0]);
  const httpServer = host?.server.httpServer ?? (app as Partial<HttpApplication>).getHttpServer?.();
  if (httpServer === undefined) {
    throw new TypeError('the application serves no clients: it has no HTTP server, and no SocketIoModule with a port');
  }
  if (host === null) return { httpServer, path: undefined, departures, isOffset: unknown };
  const settled = (): Promise<void> =>
    within(host.departures(), PATIENCE, () => `waited ${PATIENCE} ms for handlers of a disconnect to settle`);
  return { httpServer, path: host.server.path(), departures: settled, isOffset: askAdapterOf(host.server) };
}

/** Several clients may ask at once; Nest does not expect that. */
const initializing = new WeakMap<NestApplication, Promise<void>>();

function initialize(app: NestApplication): Promise<void> {
  let work = initializing.get(app);
  if (work === undefined) initializing.set(app, (work = start(app)));
  return work;
}

async function start(app: NestApplication): Promise<void> {
  await app.init();
  const adapter = (app as Partial<HttpApplication>).getHttpAdapter?.();
  // Otherwise only `listen` does that.
  if (adapter?.getType() === 'fastify') await adapter.getInstance().ready();
}

/** The part of an `INestApplication` that is used, without its package. */
interface HttpApplication extends NestApplication {
  getHttpServer(): HttpServer;
  getHttpAdapter(): { getType(): string; getInstance(): { ready(): PromiseLike<unknown> } };
}

function isHttpServer(target: object): target is HttpServer {
  return 'listening' in target && 'emit' in target;
}

function isNestApplication(target: object): target is NestApplication {
  return 'init' in target && 'get' in target;
}

function isSocketIoServer(target: object): target is SocketIoServer {
  return 'path' in target && 'attach' in target;
}

async function departures(): Promise<void> {}

/** The adapters of this package know their offsets. */
function askAdapterOf({ _nsps }: Pick<SocketIoServer, '_nsps'>): Endpoint['isOffset'] {
  return (namespace, argument) => {
    const adapter = _nsps?.get(namespace)?.adapter as { isOffset?(argument: string): boolean } | undefined;
    return adapter?.isOffset?.(argument) ?? null;
  };
}

function unknown(): null {
  return null;
}
