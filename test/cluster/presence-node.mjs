/**
 * One node of the fleet whose presence is tried. Talks to its parent: `{ port }` once it listens, `{ change }` for what it
 * announces; on `list` it answers with who it believes to be online.
 */
import { createServer } from 'node:http';
import { createServerOf } from './lib/contestants.mjs';

const settings = JSON.parse(process.argv[2]);
const http = createServer((_request, response) => void response.writeHead(404).end());
const presence = { ...settings.presence, onChange: (change) => process.send({ change }) };
const onError = (error) => process.send({ error: `${error.stack ?? error} ${error.cause ?? ''}` });
const io = await createServerOf(settings, http, onError, { presence });

io.use((socket, next) => {
  socket.identify(socket.handshake.auth.user);
  next();
});

process.on('message', (message) => {
  if (message === 'list') process.send({ list: io.presence().list() });
});

http.listen(0, '127.0.0.1', () => process.send({ port: http.address().port, uid: String(process.pid) }));
