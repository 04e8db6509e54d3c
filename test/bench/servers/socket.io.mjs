import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { listen } from './listen.mjs';
import { addHandlers } from './socket-io-handlers.mjs';

/** The official server, without Nest. */
export function start(application) {
  const httpServer = createServer();
  addHandlers(new Server(httpServer, { pingInterval: application.pingInterval }), application);
  return listen(httpServer);
}
