import { createServer } from 'node:http';
import { listen } from './listen.mjs';
import { addHandlers } from './socket-io-handlers.mjs';
import { loadTracedOfficial } from './tracing.mjs';

/** The official server, without Nest. */
export async function start(application) {
  const { pingInterval, options, tracing } = application;
  const { Server } = tracing === undefined ? await import('socket.io') : await loadTracedOfficial(tracing);
  const httpServer = createServer();
  await addHandlers(new Server(httpServer, { pingInterval, ...options }), application);
  return listen(httpServer);
}
