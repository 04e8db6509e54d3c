import { createServer } from 'node:http';
import { entryOf } from './entry.mjs';
import { listen } from './listen.mjs';
import { addHandlers } from './socket-io-handlers.mjs';
import { traceOurs } from './tracing.mjs';

/** Our server, without Nest. */
export async function start(application) {
  const { pingInterval, options, tracing } = application;
  if (tracing !== undefined) await traceOurs(application);
  const { Server } = await import(entryOf(application.root, 'server.js'));
  const httpServer = createServer();
  await addHandlers(new Server(httpServer, { pingInterval, ...options }), application);
  return listen(httpServer);
}
