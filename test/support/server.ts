import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import {
  ENGINE_DEFAULTS,
  EngineServer,
  OptionReader,
  TimerWheel,
  resolveEngineOptions,
  type EngineOptions,
  type Session,
} from '../../src/engine/index.js';
import { Server, type ServerDefaults, type ServerOptions } from '../../src/socketio/index.js';
import { cleanup } from './cleanup.js';

export interface RunningServer {
  io: Server;
  http: HttpServer;
  port: number;
  /** What an official client connects to. */
  origin: string;
  /** Address of the protocol's endpoint, without a query. */
  url: string;
  /** What handlers threw and nobody caught. */
  errors: unknown[];
  warnings: string[];
  close(): Promise<void>;
}

/** A Socket.IO server on a port of its own, on which each socket's `echo` comes back, with or without an ack. */
export async function startServer(options: ServerOptions & { port?: number } = {}, defaults?: ServerDefaults) {
  const { port: wanted = 0, ...rest } = options;
  const errors: unknown[] = [];
  const warnings: string[] = [];
  const http = createServer((_request, response) => void response.writeHead(404).end('elsewhere'));
  const given = {
    serveClient: false,
    onError: (error: unknown) => void errors.push(error),
    onWarning: (message: string) => void warnings.push(message),
    ...rest,
  };
  const io = new Server(http, given, defaults);
  const port = await listen(http, wanted);
  io.on('connection', (socket) => {
    socket.on('echo', (...args) => {
      const last: unknown = args.at(-1);
      if (typeof last === 'function') last(...args.slice(0, -1));
      else socket.emit('echo', ...args);
    });
  });
  async function close(): Promise<void> {
    if (!http.listening) return;
    io.engine.close();
    http.closeAllConnections();
    await io.close();
  }
  cleanup(close);
  const origin = `http://127.0.0.1:${port}`;
  return { io, http, port, origin, url: `${origin}/socket.io/`, errors, warnings, close } satisfies RunningServer;
}

export interface RunningEngine {
  engine: EngineServer;
  http: HttpServer;
  port: number;
  url: string;
  warnings: string[];
  /** What listeners threw. */
  errors: unknown[];
  /** The open sessions, oldest first. */
  sessions(): Session[];
}

/** An Engine.IO server that sends every message back. */
export async function startEngine(options: EngineOptions = {}, connectTimeout?: number): Promise<RunningEngine> {
  const http = createServer((_request, response) => void response.writeHead(404).end('elsewhere'));
  const warnings: string[] = [];
  const errors: unknown[] = [];
  const engine = createEngine(options, warnings, errors, connectTimeout);
  engine.attach(http);
  engine.on('connection', (session: Session) => {
    session.on('data', (data: string | Buffer) => session.send(data));
  });
  const port = await listen(http);
  cleanup(async () => {
    engine.close();
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });
  const url = `http://127.0.0.1:${port}${engine.opts.path}`;
  return { engine, http, port, url, warnings, errors, sessions: () => [...engine.ownSessions.values()] };
}

/** An engine that is attached to nothing yet. */
export function createEngine(
  options: EngineOptions = {},
  warnings: string[] = [],
  errors: unknown[] = [],
  connectTimeout = 10_000,
): EngineServer {
  const reader = new OptionReader(options as Record<string, unknown>);
  return new EngineServer(resolveEngineOptions(reader, ENGINE_DEFAULTS), {
    wheel: new TimerWheel(),
    keepsRequests: true,
    splitsJoinedFrames: true,
    connectTimeout,
    warn: (message) => void warnings.push(message),
    onError: (error) => void errors.push(error),
    answerOther: () => null,
  });
}

/** Resolves to the port. */
export async function listen(http: HttpServer, port = 0): Promise<number> {
  await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve));
  return (http.address() as AddressInfo).port;
}

/** Whether something listens on a port. */
export async function listensAt(port: number, host = '127.0.0.1'): Promise<boolean> {
  const socket = connect(port, host);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
