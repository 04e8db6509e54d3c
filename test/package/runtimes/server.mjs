// The server without Nest: both transports, the upgrade, binary data, rooms, and an end that leaves nothing open.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Server } from 'nestjs-socketio/server';
import { io } from 'socket.io-client';

const httpServer = createServer((_request, response) => response.end('the application'));
const server = new Server(httpServer, { pingInterval: 200 });
server.on('connection', (socket) => {
  socket.on('echo', (value, ack) => ack(value));
  socket.on('join', async (room, ack) => {
    await socket.join(room);
    ack();
  });
});
await new Promise((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${httpServer.address().port}`;
assert.equal(await (await fetch(url)).text(), 'the application');

for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
  const socket = io(url, { transports, forceNew: true });
  await once(socket, 'connect');
  if (socket.io.engine.transport.name !== transports.at(-1)) await once(socket.io.engine, 'upgrade');
  const bytes = Buffer.alloc(200_000, 'x');
  const echoed = await socket.timeout(5_000).emitWithAck('echo', { text: 'tea ☕', bytes });
  assert.equal(echoed.text, 'tea ☕');
  assert.ok(bytes.equals(echoed.bytes));
  await socket.emitWithAck('join', 'room');
  const heard = once(socket, 'news');
  server.to('room').emit('news', 1);
  assert.deepEqual(await heard, [1]);
  await once(socket.io, 'ping');
  socket.disconnect();
}

// A client that stays is told, and nothing keeps the process.
const last = io(url, { transports: ['websocket'], forceNew: true, reconnection: false });
await once(last, 'connect');
const ended = once(last, 'disconnect');
await server.close();
await ended;
console.log('server: passed');
