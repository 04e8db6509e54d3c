/**
 * The application as written for a Socket.IO server; ours takes the same.
 *
 * @param {import('socket.io').Server} io
 */
export function addHandlers(io) {
  io.on('connection', (socket) => {
    let events = 0;
    socket.on('echo', (payload, ack) => ack(payload));
    socket.on('binary', (payload, ack) => ack(payload));
    socket.on('event', () => {
      events++;
    });
    socket.on('count', (ack) => {
      ack(events);
      events = 0;
    });
    socket.on('broadcast', (payload) => io.emit('news', payload));
  });
}
