import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EventEmitter } from 'node:events';
import type { Server, ServerOptions } from 'socket.io';
import { cleanup } from './cleanup.js';
import { nextRequest } from './until.js';

/** The package under test: ours, or the one named here, to show that a test asks for what the official server does. */
const PEER = process.env.CONFORMANCE_PEER;
const peer = (await import(PEER ?? '../../src/server.js')) as typeof import('socket.io');

/** A heartbeat quick enough to watch; where it is not the subject, servers keep the calm default. */
export const BRISK = { pingInterval: 300, pingTimeout: 200 };

/** A session as the engine's `connection` event hands it out. */
export interface EngineSession extends EventEmitter {
  id: string;
  send(data: string | Buffer): unknown;
  close(): unknown;
}

export interface ConformanceServer {
  /** Address of the protocol's endpoint, without a query. */
  url: string;
  http: HttpServer;
  io: Server;
  /** Resolves once the server has taken up the next HTTP request. */
  nextRequest(): Promise<unknown>;
  close(): Promise<void>;
}

export interface EngineServer extends ConformanceServer {
  sessions: Map<string, EngineSession>;
}

/** `it` for a rule of ours that the official server does not share; the reason says what it does instead. */
export function unlikeOfficial(_reason: string): jest.It {
  return PEER ? it.skip : it;
}

/** An Engine.IO server that sends every message back. */
export async function startEngineServer(options: Partial<ServerOptions> = {}): Promise<EngineServer> {
  const server = await startServer({ path: '/engine.io/', ...options });
  const sessions = new Map<string, EngineSession>();
  server.io.engine.removeAllListeners('connection');
  server.io.engine.on('connection', (session: EngineSession) => {
    sessions.set(session.id, session);
    session.on('data', (data: string | Buffer) => session.send(data));
  });
  return { ...server, sessions };
}

/** A Socket.IO server with the application that the protocol's own test suite expects. */
export async function startSocketIoServer(options: Partial<ServerOptions> = {}): Promise<ConformanceServer> {
  const server = await startServer({ path: '/socket.io/', ...options });
  server.io.on('connection', (socket) => {
    socket.emit('auth', socket.handshake.auth);
    socket.on('message', (...args: unknown[]) => socket.emit('message-back', ...args));
    socket.on('message-with-ack', (...args: unknown[]) => {
      const ack = args.pop() as (...values: unknown[]) => void;
      ack(...args);
    });
  });
  server.io.of('/custom').on('connection', (socket) => {
    socket.emit('auth', socket.handshake.auth);
  });
  return server;
}

async function startServer(options: Partial<ServerOptions> & { path: string }): Promise<ConformanceServer> {
  const http = createServer((_request, response) => response.writeHead(404).end('elsewhere'));
  const io = new peer.Server(http, { serveClient: false, ...options });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;

  async function close(): Promise<void> {
    if (!http.listening) return;
    io.engine.close();
    http.closeAllConnections();
    await io.close();
  }
  cleanup(close);

  return {
    url: `http://127.0.0.1:${port}${options.path}`,
    http,
    io,
    nextRequest: () => nextRequest(http),
    close,
  };
}
