// An echo over both transports; the process has to end by itself.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { Server } from 'nestjs-socketio/server';
import { io } from 'socket.io-client';

const httpServer = createServer();
const server = new Server(httpServer);
server.on('connection', (socket) => socket.on('echo', (value, ack) => ack(value)));
await new Promise((resolve) => httpServer.listen(0, resolve));

for (const transport of ['polling', 'websocket']) {
  const socket = io(`http://127.0.0.1:${httpServer.address().port}`, { transports: [transport], forceNew: true });
  assert.deepEqual(await socket.emitWithAck('echo', { bytes: Buffer.from('abc') }), { bytes: Buffer.from('abc') });
  socket.disconnect();
}
await server.close();

const required = createRequire(import.meta.url)('nestjs-socketio/server');
assert.equal(required.Server, Server, 'require and import give one class');
