import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { listen } from './listen.mjs';
import { addHandlers } from './socket-io-handlers.mjs';

/** The official server, without Nest. */
export async function start(application) {
  const { pingInterval, options } = application;
  const httpServer = createServer();
  await addHandlers(new Server(httpServer, { pingInterval, ...options }), application);
  return listen(httpServer);
}
