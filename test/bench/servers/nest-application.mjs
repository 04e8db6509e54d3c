import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';

/**
 * A Nest application on Fastify that listens.
 *
 * @param {Function} module
 * @param {(app: import('@nestjs/common').INestApplication) => void} [configure]
 * @returns {Promise<number>} the port
 */
export async function listenWithNest(module, configure = () => {}) {
  const app = await NestFactory.create(module, new FastifyAdapter(), { logger: ['error', 'warn'] });
  configure(app);
  await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  return app.getHttpServer().address().port;
}
