import { once } from 'node:events';

/**
 * @param {import('node:http').Server} httpServer
 * @returns {Promise<number>} the port
 */
export async function listen(httpServer) {
  httpServer.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  await once(httpServer, 'listening');
  return httpServer.address().port;
}
