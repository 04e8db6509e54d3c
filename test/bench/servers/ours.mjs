import { createServer } from 'node:http';
import { Server } from '../../../dist/esm/server.js';
import { listen } from './listen.mjs';
import { addHandlers } from './socket-io-handlers.mjs';

/** Our server, without Nest. */
export function start({ pingInterval }) {
  const httpServer = createServer();
  addHandlers(new Server(httpServer, { pingInterval }));
  return listen(httpServer);
}
