import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket, type WebSocketServer } from 'ws';
import { takeOver, type DataListener } from './ws-internals.js';

/** The part of a `WebSocket` that a transport uses if nothing is compressed. */
export type WebsocketLink = Pick<
  WebSocket,
  'extensions' | 'readyState' | 'bufferedAmount' | 'pause' | 'resume' | 'close' | 'terminate'
>;

/** Who owns the connection meanwhile. */
export interface DormantListener {
  /** Writes what it has collected: the 101 may be in it, and nothing of `ws` may come before that. */
  writeNow(): void;
  /** `ws` has taken over: its listeners are the owner's to set. */
  onWake(websocket: WebSocket): void;
  onSocketClose(code: number): void;
}

/**
 * A WebSocket for which `ws` has not created any objects yet. Common frames are read and written without it, and many connections
 * see no other until they end; a receiver with its streams and listeners for each would cost a sixth of a handshake and a
 * fifth of the memory of an idle connection (bench: connect, idle). The first frame that is not common, a pause, and a
 * close by the server wake it.
 */
export class DormantWebsocket implements WebsocketLink {
  readonly extensions = '';
  #owner!: DormantListener;
  #websocket: WebSocket | null = null;
  #readyState: typeof WebSocket.OPEN | typeof WebSocket.CLOSING | typeof WebSocket.CLOSED = WebSocket.OPEN;
  /** The listener of `ws` for what arrives, once it is awake. */
  #receive: DataListener | null = null;

  /** Stands in for the listener of `ws` on a socket. */
  static readonly listener = function (this: Duplex, chunk: Buffer): void {
    (this as DormantSocket)[DORMANT].forwardToWs(chunk);
  };

  /** @param head what has arrived behind the request */
  constructor(
    private readonly server: WebSocketServer,
    private readonly socket: Duplex,
    head: Buffer,
  ) {
    (socket as Partial<Socket>).setTimeout?.(0);
    (socket as Partial<Socket>).setNoDelay?.(true);
    if (head.length > 0) socket.unshift(head);
    (socket as DormantSocket)[DORMANT] = this;
    socket.on('error', onError).on('end', onEnd).on('close', onClose);
  }

  set owner(owner: DormantListener) {
    this.#owner = owner;
  }

  get readyState(): WebSocket['readyState'] {
    return this.#websocket?.readyState ?? this.#readyState;
  }

  get bufferedAmount(): number {
    return this.#websocket?.bufferedAmount ?? this.socket.writableLength;
  }

  /** What is for `ws`. */
  forwardToWs(chunk: Buffer): void {
    this.#wake();
    this.#receive?.call(this.socket, chunk);
  }

  /** Wakes `ws`, which reads what is left in a paused socket when that closes. */
  pause(): void {
    this.#wake()?.pause();
  }

  resume(): void {
    this.#websocket?.resume();
  }

  close(code?: number): void {
    // Where the peer has ended its side, this one ends as soon as what is queued has left.
    if (this.readyState !== WebSocket.OPEN) return;
    this.#wake()?.close(code);
  }

  terminate(): void {
    if (this.#websocket !== null) {
      this.#websocket.terminate();
      return;
    }
    if (this.#readyState === WebSocket.CLOSED) return;
    this.#readyState = WebSocket.CLOSING;
    this.socket.destroy();
  }

  onSocketError(): void {
    this.terminate();
  }

  /** The peer's FIN without a close frame. */
  onSocketEnd(): void {
    this.#readyState = WebSocket.CLOSING;
    this.socket.end();
  }

  onSocketClose(): void {
    this.#readyState = WebSocket.CLOSED;
    this.#owner.onSocketClose(1006);
  }

  /** Returns null if the socket is over. */
  #wake(): WebSocket | null {
    if (this.#websocket !== null) return this.#websocket;
    this.#owner.writeNow();
    const { socket } = this;
    const taken = takeOver(this.server, socket);
    if (taken === null) {
      this.terminate();
      return null;
    }
    socket.off('error', onError).off('end', onEnd).off('close', onClose);
    this.#receive = taken.receive;
    this.#websocket = taken.websocket;
    this.#owner.onWake(this.#websocket);
    return this.#websocket;
  }
}

const DORMANT = Symbol('dormant');

interface DormantSocket extends Duplex {
  [DORMANT]: DormantWebsocket;
}

// Shared by all: named listeners instead of three closures per connection.
function onError(this: Duplex): void {
  (this as DormantSocket)[DORMANT].onSocketError();
}

function onEnd(this: Duplex): void {
  (this as DormantSocket)[DORMANT].onSocketEnd();
}

function onClose(this: Duplex): void {
  (this as DormantSocket)[DORMANT].onSocketClose();
}
