/**
 * One node of the fleet that is tried: a server whose events are numbered. Talks to its parent: `{ port }` once it listens;
 * on `stop` it emits nothing more and answers with the last number of each of its streams.
 */
import { createServer } from 'node:http';
import { createServerOf } from './lib/contestants.mjs';

const ROOMS = 4;
const TICK_MS = 10;

const settings = JSON.parse(process.argv[2]);
const uid = `${Date.now()}.${Math.random().toString(36).slice(2, 8)}`;
/** By stream, the number of its last event. */
const numbers = new Map();

const http = createServer((_request, response) => void response.writeHead(404).end());
const io = await createServerOf(settings, http, (error) =>
  process.send?.({ error: `${error.stack ?? error} ${error.cause ?? ''}` }),
);

io.on('connection', (socket) => {
  if (!socket.recovered) void socket.join(`room-${Math.floor(Math.random() * ROOMS)}`);
  socket.emit(
    'rooms',
    [...socket.rooms].filter((room) => room.startsWith('room-')),
  );
});

/** To everybody, to a room, and to one socket of this node, in turn. */
let turn = 0;
function emitNext() {
  switch (turn++ % 4) {
    case 0:
    case 1:
      io.emit('event', ...next(uid));
      return;
    case 2: {
      const room = `room-${turn % ROOMS}`;
      io.to(room).emit('event', ...next(`${uid}/${room}`));
      return;
    }
    default: {
      const sockets = [...io.sockets.sockets.values()];
      if (sockets.length === 0) return;
      const socket = sockets[Math.floor(Math.random() * sockets.length)];
      socket.emit('event', ...next(`${uid}/${socket.id}`));
    }
  }
}

function next(stream) {
  const number = (numbers.get(stream) ?? 0) + 1;
  numbers.set(stream, number);
  return [stream, number, settings.isTimed ? performance.timeOrigin + performance.now() : settings.padding];
}

let due = 0;
const timer = setInterval(() => {
  due += (settings.rate * TICK_MS) / 1_000;
  for (; due >= 1; due--) emitNext();
}, TICK_MS);

process.on('message', async (message) => {
  if (message === 'stop') {
    clearInterval(timer);
    process.send({ stopped: [...numbers] });
  } else if (message === 'stats') {
    process.send({ stats: { cpu: process.cpuUsage(), rss: process.memoryUsage().rss, ledger: io.ledgerStats?.() } });
  } else if (message === 'close') {
    await io.close();
    process.exit(0);
  }
});

http.listen(0, '127.0.0.1', () => process.send({ port: http.address().port, uid }));
