import type { AddressInfo } from 'node:net';
import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import { SocketIoModule, type SocketIoModuleOptions } from '../../src/index.js';
import { cleanup } from './cleanup.js';
import { nextEvent } from './until.js';

export interface TestApp {
  readonly app: INestApplication;
  readonly url: string;
}

/** A listening Nest application on Fastify with the module and these providers; closed after the test. */
export async function startApp(
  providers: ModuleMetadata['providers'],
  options: SocketIoModuleOptions = {},
  more: ModuleMetadata = {},
  port = 0,
): Promise<TestApp> {
  const imports = [SocketIoModule.forRoot(options), ...(more.imports ?? [])];
  const metadata = { ...more, imports, providers: providers ?? [] };
  const module = await Test.createTestingModule(metadata).compile();
  const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  cleanup(() => app.close());
  await app.listen(port, '127.0.0.1');
  return { app, url: urlOf(app) };
}

export function urlOf(app: INestApplication): string {
  const { port } = app.getHttpServer().address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

/** The official client, not connected yet; closed after the test. */
export function createClient(url: string, options: Partial<ManagerOptions & SocketOptions> = {}): Socket {
  const socket = io(url, {
    transports: ['websocket'],
    forceNew: true,
    autoConnect: false,
    reconnection: false,
    ...options,
  });
  cleanup(async () => {
    socket.disconnect();
    // A request of a polling client must not outlive the test.
    const { engine } = socket.io;
    if (engine?.readyState === 'closing') await nextEvent(engine, 'close');
  });
  return socket;
}

/** The official client, connected. */
export async function connectClient(
  url: string,
  options: Partial<ManagerOptions & SocketOptions> = {},
): Promise<Socket> {
  const socket = createClient(url, options);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
    socket.connect();
  });
  return socket;
}
