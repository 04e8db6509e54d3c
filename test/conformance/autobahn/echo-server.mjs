/**
 * An echo of WebSocket messages, made of what the engine accepts, reads and writes WebSockets with. Engine.IO itself does
 * not echo any message, since its text messages start with a packet type; so the messages are taken where a transport gets
 * them, before it looks at their type.
 */
import { createServer } from 'node:http';
import { FlushQueue } from '../../../.cache/modules/engine/transport/flush-queue.js';
import { NO_TYPE } from '../../../.cache/modules/engine/transport/frame-listener.js';
import { WebsocketAcceptor } from '../../../.cache/modules/engine/transport/websocket/websocket-acceptor.js';

const OPTIONS = {
  closeTimeout: 10_000,
  maxBatchPackets: 1,
  splitsJoinedFrames: false,
  // The largest messages of the cases have 16 MiB.
  maxHttpBufferSize: 32 * 1024 * 1024,
  sendQueueSize: 0,
  transports: ['websocket'],
  warn: (message) => console.error(message),
};

/** How a WebSocket comes to be: what the engine does for a common handshake, and two ways in which `ws` is there at once. */
export const KINDS = {
  plain: { protocol: 4, perMessageDeflate: false },
  'with ws from the start': { protocol: 3, perMessageDeflate: false },
  compressed: { protocol: 4, perMessageDeflate: { threshold: 0 } },
};

/**
 * @param {keyof typeof KINDS} kind
 * @returns {Promise<{ url: string; close(): void }>}
 */
export async function startEchoServer(kind) {
  const { protocol, perMessageDeflate } = KINDS[kind];
  const acceptor = new WebsocketAcceptor({ ...OPTIONS, perMessageDeflate }, new FlushQueue());
  const dialect = { protocol, encodeBinary: null };
  const server = createServer();
  server.on('upgrade', (request, socket, head) => {
    acceptor.accept({ request, socket, head, headers: {}, dialect }, echo, (message) => {
      socket.end(`HTTP/1.1 400 Bad Request\r\n\r\n${message}`);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `ws://127.0.0.1:${server.address().port}/`,
    close: () => void server.close(),
  };
}

function echo(transport) {
  transport.handler = { onFlush() {}, onProgress() {}, onTransportClose() {} };
  transport.receiveBinary = (bytes) => void transport.send(bytes, true);
  transport.receiveText = (type, text) => {
    transport.send(type === NO_TYPE ? text : String.fromCharCode(type) + text, true);
  };
}
