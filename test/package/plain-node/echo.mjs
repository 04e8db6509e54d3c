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

// What takes packages that are loaded by the first call.
const strict = new Server({ cors: { origin: 'https://a.example' }, cookie: { name: 'io' }, trustProxy: ['loopback'] });
const strictHttp = createServer();
strict.attach(strictHttp);
const address = new Promise((resolve) => strict.on('connection', (socket) => resolve(socket.handshake.address)));
await new Promise((resolve) => strictHttp.listen(0, resolve));
const url = `http://127.0.0.1:${strictHttp.address().port}`;
const headers = { origin: 'https://a.example', 'x-forwarded-for': '192.0.2.1' };
const { headers: answer } = await fetch(`${url}/socket.io/?EIO=4&transport=polling`, { headers });
assert.equal(answer.get('access-control-allow-origin'), 'https://a.example');
assert.match(answer.get('set-cookie'), /^io=/);
const proxied = io(url, { transports: ['websocket'], extraHeaders: { 'x-forwarded-for': '192.0.2.1' } });
assert.equal(await address, '192.0.2.1');
proxied.disconnect();
await strict.close();

const required = createRequire(import.meta.url)('nestjs-socketio/server');
assert.equal(required.Server, Server, 'require and import give one class');
