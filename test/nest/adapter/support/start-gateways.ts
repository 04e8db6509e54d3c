import type { AddressInfo } from 'node:net';
import type { INestApplication, ModuleMetadata, WebSocketAdapter } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { SocketIoAdapter, type SocketIoAdapterOptions } from '../../../../src/index.js';
import { cleanup } from '../../../support/cleanup.js';
import type { TestApp } from '../../../support/nest-app.js';
import type { Platform } from '../../support/start-app.js';

export interface GatewaySetup extends ModuleMetadata {
  /** @default 'fastify' */
  platform?: Platform;
  /** @default a `SocketIoAdapter` of the application */
  adapter?: ((app: INestApplication) => WebSocketAdapter) | undefined;
  options?: SocketIoAdapterOptions | undefined;
  /** Runs before the application is initialized. */
  configure?: ((app: INestApplication) => void) | undefined;
  /** Of Nest. */
  forceCloseConnections?: boolean;
}

/** An application with gateways and no module of this package, not yet initialized; closed after the test. */
export async function createGatewayApp(setup: GatewaySetup): Promise<INestApplication> {
  const { platform = 'fastify', adapter, options, configure, forceCloseConnections: forced, ...metadata } = setup;
  const closing = forced === undefined ? {} : { forceCloseConnections: forced };
  const module = await Test.createTestingModule(metadata).compile();
  const httpAdapter = platform === 'fastify' ? new FastifyAdapter(closing) : new ExpressAdapter();
  const app = module.createNestApplication(httpAdapter as ExpressAdapter, { logger: false, ...closing });
  app.useWebSocketAdapter(adapter?.(app) ?? new SocketIoAdapter(app, options));
  configure?.(app);
  cleanup(() => app.close());
  return app;
}

/** The same, listening on a port of its own choice. */
export async function startGateways(setup: GatewaySetup): Promise<TestApp> {
  const app = await createGatewayApp(setup);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { app, url: `http://127.0.0.1:${port}` };
}

/** What stops an application that must not start. */
export async function failureOf(setup: GatewaySetup): Promise<Error> {
  try {
    const app = await createGatewayApp(setup);
    await app.init();
  } catch (error) {
    return error as Error;
  }
  throw new Error('the application started');
}
