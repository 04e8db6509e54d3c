import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';

// Browsers open connections ahead of need; one that was never used would hold up the end for a minute.
const adapter = new FastifyAdapter({ forceCloseConnections: true });
const app = await NestFactory.create<NestFastifyApplication>(AppModule, adapter, {
  logger: ['warn', 'error', 'fatal'],
});
// Without `useProcessExit` Nest repeats the signal after its hooks, and the exit code says "killed".
app.enableShutdownHooks(['SIGINT', 'SIGTERM'], { useProcessExit: true });
await app.listen(process.env.PORT ?? 3000);
const { port } = new URL(await app.getUrl());
console.log(`The chat is at http://localhost:${port} (the variable PORT chooses another port)`);
