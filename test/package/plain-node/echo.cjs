// As `require('socket.io')(httpServer)` is used.
const assert = require('node:assert/strict');
const { createServer } = require('node:http');
const socketIo = require('nestjs-socketio/server');
const { io } = require('socket.io-client');

const httpServer = createServer();
const server = socketIo(httpServer);
assert.ok(server instanceof socketIo.Server);
server.on('connection', (socket) => socket.on('echo', (value, ack) => ack(value)));
httpServer.listen(0, async () => {
  const socket = io(`http://127.0.0.1:${httpServer.address().port}`);
  assert.equal(await socket.emitWithAck('echo', 'text'), 'text');
  socket.disconnect();
  await server.close();
});
