import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';

/*
 * The only file that relies on what `ws` does not document: which listener of a socket is the one that it reads frames
 * with, and that it takes a socket over whose 101 has left already. `ws` is pinned to a minor version for that, and
 * `areWsInternalsKnown` tries both before the first connection.
 */

/** How `ws` reads: called with each chunk, the socket as `this`. */
export type DataListener = (this: Duplex, chunk: Buffer) => void;

/** The listener that `ws` has added to a socket: the last one. Undefined if there is none. */
export function dataListenerOf(socket: Duplex): DataListener | undefined {
  return socket.listeners('data').at(-1) as DataListener | undefined;
}

/**
 * Lets `ws` take over a connection whose 101 is out already. Its own answer is swallowed, and its listener for chunks is
 * taken off the socket and returned. Null if the socket is over.
 */
export function takeOver(
  server: WebSocketServer,
  socket: Duplex,
): { readonly websocket: WebSocket; readonly receive: DataListener } | null {
  const { write } = socket;
  let taken: WebSocket | null = null;
  socket.write = swallow;
  try {
    server.handleUpgrade(HANDSHAKE, socket, NOTHING, (websocket) => {
      taken = websocket;
    });
  } finally {
    // Deleting it would leave the socket with slow properties.
    socket.write = write;
  }
  if (taken === null) return null;
  const receive = dataListenerOf(socket)!;
  socket.off('data', receive);
  return { websocket: taken, receive };
}

let known: boolean | null = null;

/** Whether this `ws` does what this file relies on; tried once per process, on a stream in memory. */
export function areWsInternalsKnown(): boolean {
  return (known ??= tryInternals(WebSocketServer));
}

/** The trial: `ws` adds one listener, as the last, which reads text and answers a ping. */
export function tryInternals(
  Server: new (options: { noServer: true; clientTracking: false }) => WebSocketServer,
): boolean {
  const socket = new MemorySocket();
  const foreign = (): void => {};
  socket.on('data', foreign);
  try {
    const taken = takeOver(new Server({ noServer: true, clientTracking: false }), socket);
    if (taken === null || socket.listenerCount('data') !== 1 || dataListenerOf(socket) !== foreign) return false;
    if (socket.written.length > 0) return false;
    const messages: string[] = [];
    const { websocket, receive } = taken;
    websocket.on('message', (data) => void messages.push(String(data)));
    receive.call(socket, MASKED_TEXT);
    receive.call(socket, MASKED_PING);
    return messages.join() === 'hi' && Buffer.concat(socket.written).equals(PONG);
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Keeps what is written. */
class MemorySocket extends Duplex {
  readonly written: Buffer[] = [];

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(chunk);
    done();
  }
}

const NOTHING = Buffer.alloc(0);
/** Frames of a client, masked with zeros. */
const MASKED_TEXT = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
const MASKED_PING = Buffer.from([0x89, 0x80, 0, 0, 0, 0]);
const PONG = Buffer.from([0x8a, 0x00]);

/** A handshake that is as good as any: whose it was does not matter to `ws`. */
const HANDSHAKE = {
  method: 'GET',
  url: '/',
  httpVersion: '1.1',
  headers: {
    host: 'localhost',
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  },
} as unknown as IncomingMessage;

function swallow(): boolean {
  return true;
}
