/** One server in a process of its own: `server.mjs official | server | nest`, a port. Told by messages to shut down. */
import { createServer } from 'node:http';
import { addHandlers } from './handlers.mjs';

const [kind, port] = process.argv.slice(2);
const starts = { official: startOfficial, server: startPlain, nest: startNest };
const close = await starts[kind](Number(port));

process.once('message', async () => {
  const started = performance.now();
  await close();
  process.send({ closedAfter: Math.round(performance.now() - started) }, () => process.exit());
});

async function startOfficial(port) {
  const { Server } = await import('socket.io');
  return startOn(port, (http) => new Server(http, { allowEIO3: true }));
}

async function startPlain(port) {
  const { Server } = await import('../../dist/esm/server.js');
  return startOn(port, (http) => new Server(http, { allowEIO3: true }));
}

async function startOn(port, createIo) {
  const http = createServer();
  const io = createIo(http);
  addHandlers(io);
  await new Promise((resolve) => http.listen(port, '127.0.0.1', resolve));
  process.send({ port: http.address().port });
  return () => io.close();
}

async function startNest(port) {
  await import('reflect-metadata');
  const { Module } = await import('@nestjs/common');
  const { NestFactory } = await import('@nestjs/core');
  const { FastifyAdapter } = await import('@nestjs/platform-fastify');
  const { SocketIoModule, Websocket } = await import('../../dist/esm/index.js');
  class AppModule {}
  Module({ imports: [SocketIoModule.forRoot({ allowEIO3: true })] })(AppModule);
  const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: ['warn', 'error'] });
  await app.init();
  addHandlers(app.get(Websocket).server);
  await app.listen(port, '127.0.0.1');
  process.send({ port: app.getHttpServer().address().port });
  return () => app.close();
}
