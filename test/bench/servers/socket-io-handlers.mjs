const ROOM = 'room-000';

/**
 * The application as written for a Socket.IO server; ours takes the same.
 *
 * @param {import('socket.io').Server} io
 * @param {import('./index.mjs').Application} application
 */
export async function addHandlers(io, { handlers, feed, compress = true }) {
  if (feed !== undefined) {
    const { addFeed } = await import('./feed.mjs');
    addFeed(io, feed, compress);
    return;
  }
  io.on('connection', (socket) => {
    socket.on('echo', (payload, ack) => ack(payload));
    if (handlers === undefined) addOtherHandlers(io, socket);
    else for (let other = 1; other < handlers; other++) socket.on(`other${other}`, (payload, ack) => ack(payload));
  });
}

function addOtherHandlers(io, socket) {
  let events = 0;
  socket.on('binary', (payload, ack) => ack(payload));
  socket.on('event', () => {
    events++;
  });
  socket.on('count', (ack) => {
    ack(events);
    events = 0;
  });
  socket.on('broadcast', (payload) => io.emit('news', payload));
  socket.on('enter', (room, ack) => {
    socket.join(room);
    ack(true);
  });
  socket.on('leave', (room, ack) => {
    socket.leave(room);
    ack(true);
  });
  socket.on('tell', (payload) => io.to(ROOM).emit('news', payload));
}
