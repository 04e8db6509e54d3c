/** The channels fire on every runtime that has them, and their operations last as long as what they tell of. */
import assert from 'node:assert/strict';
import { subscribe, tracingChannel } from 'node:diagnostics_channel';
import { createServer } from 'node:http';
import { OPERATION_NAMES, POINT_NAMES } from 'nestjs-socketio/diagnostics';
import { Server } from 'nestjs-socketio/server';
import { io as connect } from 'socket.io-client';

const seen = [];
for (const [short, name] of Object.entries(OPERATION_NAMES)) {
  const add = (phase) => () => void seen.push(`${short} ${phase}`);
  tracingChannel(name).subscribe({
    start: add('start'),
    end: add('end'),
    asyncStart: add('asyncStart'),
    asyncEnd: add('asyncEnd'),
    error: add('error'),
  });
}
for (const [short, name] of Object.entries(POINT_NAMES)) subscribe(name, () => void seen.push(short));

const http = createServer();
const io = new Server(http, { serveClient: false });
io.on('connection', (socket) => {
  socket.on('sum', (a, b, ack) => ack(a + b));
  socket.on('later', async (ack) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    ack('later');
  });
});
await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
const client = connect(`http://127.0.0.1:${http.address().port}`, { transports: ['websocket'] });
await new Promise((resolve) => client.once('connect', resolve));
assert.equal(await client.emitWithAck('sum', 1, 2), 3);
assert.equal(await client.emitWithAck('later'), 'later');
const unhandled = new Promise((resolve) => subscribe(POINT_NAMES.unhandled, resolve));
client.emit('unknown');
await unhandled;
const told = new Promise((resolve) => client.once('news', resolve));
io.emit('news', 1);
await told;
const gone = new Promise((resolve) => [...io.sockets.sockets.values()][0].once('disconnect', resolve));
client.disconnect();
await gone;
await io.close();

const expected = [
  'server',
  'sessionOpen',
  'connect start',
  'connect end',
  'handle start',
  'handle end',
  'handle asyncStart',
  'handle asyncEnd',
  'unhandled',
  'emit start',
  'emit end',
  'disconnect',
  'sessionClose',
  'shutdown start',
];
assert.deepEqual(
  expected.filter((name) => !seen.includes(name)),
  [],
  `channels that have not fired; seen: ${seen.join(', ')}`,
);
assert.equal(seen.filter((name) => name === 'handle start').length, 2);
console.log(`channels fire on ${globalThis.Bun ? 'Bun' : globalThis.Deno ? 'Deno' : `Node ${process.versions.node}`}`);
process.exit();
