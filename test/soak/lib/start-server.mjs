import { createServer } from 'node:http';

/**
 * A server on a port of its own, whose sockets echo, join rooms and ask.
 *
 * @param {typeof import('../../../src/server.js').Server} Server
 * @param {import('../../../src/server.js').ServerOptions} options
 * @param {import('node:http').ServerOptions} httpOptions
 */
export async function startServer(Server, options, httpOptions = {}) {
  const errors = [];
  const http = createServer(httpOptions, (_request, response) => response.writeHead(404).end());
  const io = new Server(http, { serveClient: false, onError: (error) => errors.push(error), ...options });
  io.on('connection', onConnection);
  await new Promise((resolve) => http.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, resolve));
  async function close() {
    io.engine.close();
    http.closeAllConnections();
    await io.close();
  }
  return { io, http, port: http.address().port, errors, close };
}

const MUCH = Buffer.alloc(100_000);
const MUCH_TIMES = 60;

export function onConnection(socket) {
  socket.on('echo', (...args) => {
    const last = args.at(-1);
    if (typeof last === 'function') last(...args.slice(0, -1));
    else socket.emit('echo', ...args);
  });
  socket.on('join', (...rooms) => void socket.join(rooms));
  socket.on('ask', () => {
    socket.emit('question', () => {});
    socket.timeout(5_000).emit('question', () => {});
  });
  socket.on('pour', () => {
    for (let i = 0; i < MUCH_TIMES; i++) socket.emit('pour', MUCH);
  });
}
