import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { nodeModule } from './node.module.js';

const [, , name, redis] = process.argv;

const adapter = new FastifyAdapter({ forceCloseConnections: true });
const app = await NestFactory.create<NestFastifyApplication>(nodeModule(name, redis), adapter, {
  logger: ['warn', 'error', 'fatal'],
});
app.enableShutdownHooks(['SIGTERM'], { useProcessExit: true });
// The terminal sends SIGINT to all; the fleet decides about the end of its nodes.
process.on('SIGINT', () => {});
process.once('disconnect', () => process.exit());
await app.listen(0, '127.0.0.1');
const { port } = app.getHttpServer().address() as { port: number };
process.send!(`http://127.0.0.1:${port}`);
