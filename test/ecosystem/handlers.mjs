/** What the programs of all clients expect of a server; written for Socket.IO's API, so that both servers run it. */
export function addHandlers(io) {
  io.on('connection', addSocketHandlers);
  const guarded = io.of('/private');
  guarded.use((socket, next) => {
    // Clients of Socket.IO 2 have no `auth`.
    const token = socket.handshake.auth?.token ?? socket.handshake.query.token;
    next(token === 'secret' ? undefined : Object.assign(new Error('not allowed'), { data: { code: 7 } }));
  });
  guarded.on('connection', addSocketHandlers);
}

function addSocketHandlers(socket) {
  let counted = 0;
  socket.on('sum', (a, b, ack) => ack(a + b));
  socket.on('echo', (value, ack) => ack(value));
  socket.on('repeat', (value) => socket.emit('repeated', value));
  socket.on('ask', (ack) => socket.emit('question', 20, (answer) => ack(answer)));
  socket.on('count', (number) => {
    // Whatever comes out of order ends the count.
    if (number === counted) counted++;
  });
  socket.on('total', (ack) => ack(counted));
  socket.on('ticks', (count) => {
    for (let i = 0; i < count; i++) socket.emit('tick', i);
  });
  socket.on('kick', () => socket.disconnect());
}
