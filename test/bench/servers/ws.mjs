import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { listen } from './listen.mjs';
import { Rooms } from './rooms.mjs';

const ROOM = 'room-000';

/** `ws` and the few lines that an application would write over it to speak the same bytes. */
export function start({ pingInterval }) {
  const httpServer = createServer();
  const server = new WebSocketServer({ server: httpServer, path: '/socket.io/' });
  const rooms = new Rooms();
  server.on('connection', (webSocket) => serve(server, rooms, webSocket, pingInterval));
  return listen(httpServer);
}

function serve(server, rooms, webSocket, pingInterval) {
  let events = 0;
  /** What stands before the arguments of the reply to a binary event whose attachment is still to come. */
  let binaryReply = null;

  const handlers = {
    echo: (payload, ack) => ack(payload),
    event: () => {
      events++;
    },
    count: (_payload, ack) => {
      ack(events);
      events = 0;
    },
    broadcast: (payload) => {
      const packet = `42${JSON.stringify(['news', payload])}`;
      for (const client of server.clients) client.send(packet);
    },
    enter: (room, ack) => {
      rooms.enter(room, webSocket);
      ack(true);
    },
    leave: (room, ack) => {
      rooms.leave(room, webSocket);
      ack(true);
    },
    tell: (payload) => {
      const packet = `42${JSON.stringify(['news', payload])}`;
      for (const client of rooms.members(ROOM)) client.send(packet);
    },
  };

  webSocket.on('error', () => webSocket.terminate());
  webSocket.on('message', (data, isBinary) => {
    if (isBinary) {
      webSocket.send(binaryReply);
      webSocket.send(data);
      return;
    }
    const packet = data.toString();
    if (packet.startsWith('42')) handleEvent(packet);
    else if (packet.startsWith('45')) handleBinaryEvent(packet);
    else if (packet === '40') webSocket.send(`40${JSON.stringify({ sid: newId() })}`);
  });

  const heartbeat = setInterval(() => webSocket.send('2'), pingInterval);
  webSocket.on('close', () => clearInterval(heartbeat));
  const open = { sid: newId(), upgrades: [], pingInterval, pingTimeout: 20_000, maxPayload: 1_000_000 };
  webSocket.send(`0${JSON.stringify(open)}`);

  function handleEvent(packet) {
    const start = packet.indexOf('[');
    const id = packet.slice(2, start);
    const [event, payload] = JSON.parse(packet.slice(start));
    handlers[event](payload, (result) => webSocket.send(`43${id}${JSON.stringify([result])}`));
  }

  function handleBinaryEvent(packet) {
    const start = packet.indexOf('[');
    const id = packet.slice(packet.indexOf('-') + 1, start);
    const [, placeholder] = JSON.parse(packet.slice(start));
    binaryReply = `461-${id}${JSON.stringify([placeholder])}`;
  }
}

function newId() {
  return randomBytes(15).toString('base64url');
}
