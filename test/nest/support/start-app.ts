import type { AddressInfo } from 'node:net';
import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { SocketIoModule, Websocket, type SocketIoModuleOptions } from '../../../src/index.js';
import type { Socket } from '../../../src/server.js';
import { cleanup } from '../../support/cleanup.js';
import type { TestApp } from '../../support/nest-app.js';
import { until } from '../../support/until.js';

export type Platform = 'fastify' | 'express';

export const PLATFORMS: readonly Platform[] = ['fastify', 'express'];

export interface AppSetup extends ModuleMetadata {
  /** @default 'fastify' */
  platform?: Platform;
  options?: SocketIoModuleOptions;
  /** Runs before the application is initialized. */
  configure?: ((app: INestApplication) => void) | undefined;
}

/** An application that is made and not yet initialized; closed after the test. */
export async function createApp(setup: AppSetup): Promise<INestApplication> {
  const { platform = 'fastify', options = {}, configure, ...metadata } = setup;
  const imports = [SocketIoModule.forRoot(options), ...(metadata.imports ?? [])];
  const module = await Test.createTestingModule({ ...metadata, imports }).compile();
  const adapter = platform === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
  const app = module.createNestApplication(adapter as ExpressAdapter, { logger: false });
  configure?.(app);
  cleanup(() => app.close());
  return app;
}

/** The same, listening on a port of its own choice. */
export async function startWith(setup: AppSetup): Promise<TestApp & { websocket: Websocket }> {
  const app = await createApp(setup);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { app, url: `http://127.0.0.1:${port}`, websocket: app.get(Websocket) };
}

/** What stops an application that must not start. */
export async function failureOf(setup: AppSetup): Promise<Error> {
  try {
    const app = await createApp(setup);
    await app.init();
  } catch (error) {
    return error as Error;
  }
  throw new Error('the application started');
}

/** This side's socket of the only client of a namespace. */
export async function onlySocket(websocket: Websocket, namespace = '/'): Promise<Socket> {
  const { sockets } = websocket.of(namespace);
  await until(() => sockets.size === 1, `one socket is in ${namespace}`);
  return [...sockets.values()][0];
}
