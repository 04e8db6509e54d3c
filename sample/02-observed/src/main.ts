import './telemetry.js';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';

const adapter = new FastifyAdapter({ forceCloseConnections: true });
const app = await NestFactory.create<NestFastifyApplication>(AppModule, adapter, {
  logger: ['warn', 'error', 'fatal'],
});
app.enableShutdownHooks(['SIGINT', 'SIGTERM'], { useProcessExit: true });
await app.listen(process.env.PORT ?? 3000);
const { port } = app.getHttpServer().address() as { port: number };
console.log(`Observe http://localhost:${port} (the variable PORT chooses another port)`);
