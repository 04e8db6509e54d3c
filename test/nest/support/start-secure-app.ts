import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { SocketIoModule } from '../../../src/index.js';
import { cleanup } from '../../support/cleanup.js';
import { TEST_TLS } from '../../support/tls.js';
import type { AppSetup } from './start-app.js';

/** What the servers of one port speak, by who makes them. HTTP/2 falls back to HTTP/1.1. */
export type SecurePlatform = 'express' | 'fastify' | 'fastify with HTTP/2';

/** An application behind TLS that listens; closed after the test. */
export async function startSecureApp(
  platform: SecurePlatform,
  setup: Omit<AppSetup, 'platform'>,
): Promise<{ app: INestApplication; url: string; port: number }> {
  const { options = {}, configure, ...metadata } = setup;
  const imports = [SocketIoModule.forRoot(options), ...(metadata.imports ?? [])];
  const module = await Test.createTestingModule({ ...metadata, imports }).compile();
  const app = module.createNestApplication(adapterOf(platform) as ExpressAdapter, {
    logger: false,
    ...(platform === 'express' ? { httpsOptions: TEST_TLS } : null),
  });
  configure?.(app);
  cleanup(() => app.close());
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { app, url: `https://127.0.0.1:${port}`, port };
}

function adapterOf(platform: SecurePlatform): ExpressAdapter | FastifyAdapter {
  if (platform === 'express') return new ExpressAdapter();
  if (platform === 'fastify') return new FastifyAdapter({ https: TEST_TLS });
  return new FastifyAdapter({ http2: true, https: { ...TEST_TLS, allowHTTP1: true } });
}
