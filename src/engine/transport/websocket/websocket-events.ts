import type { RawData, WebSocket } from 'ws';
import { receiveUtf8 } from '../frame-listener.js';

/** Who hears of a WebSocket of `ws`. */
export interface WebsocketListener {
  /** A text message: its first byte, which is the packet's type, and the rest; or `NO_TYPE` and all of it. */
  receiveText(type: number, text: string): void;
  receiveBinary(bytes: Buffer): void;
  /** A message has arrived, and is handed on next. */
  onRead(): void;
  /** So many bytes of a control frame have arrived. */
  onControlBytes(count: number): void;
  /** It failed, or its peer broke the RFC; `code` in this layer's words. */
  onSocketError(code: string, error: Error): void;
  /** It is closed, with this code of the RFC. */
  onSocketClose(code: number): void;
}

const SINK = Symbol('sink');

interface HeardSocket extends WebSocket {
  [SINK]: WebsocketListener;
}

/** Tells the sink of everything; the same three listeners for all WebSockets instead of three closures for each. */
export function listenTo(websocket: WebSocket, sink: WebsocketListener): void {
  (websocket as HeardSocket)[SINK] = sink;
  websocket.on('error', onError);
  websocket.on('message', onMessage);
  websocket.on('close', onClose);
}

/** Tells of control frames as well, of a WebSocket whose frames only `ws` reads. */
export function listenToControl(websocket: WebSocket): void {
  websocket.on('ping', onControl);
  websocket.on('pong', onControl);
}

function onControl(this: WebSocket, data: Buffer): void {
  (this as HeardSocket)[SINK].onControlBytes(CONTROL_HEADER + data.length);
}

function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
  const sink = (this as HeardSocket)[SINK];
  const bytes = data as Buffer;
  sink.onRead();
  if (isBinary) sink.receiveBinary(bytes);
  else receiveUtf8(sink, bytes);
}

function onError(this: WebSocket, error: Error & { code?: string }): void {
  (this as HeardSocket)[SINK].onSocketError(WS_ERROR_CODES[error.code ?? ''] ?? 'TRANSPORT_ERROR', error);
}

function onClose(this: WebSocket, code: number): void {
  (this as HeardSocket)[SINK].onSocketClose(code);
}

/** Two bytes and the mask. */
const CONTROL_HEADER = 6;

/** What `ws` refuses by itself, in this layer's codes; it has answered with the RFC's close code already. */
const WS_ERROR_CODES: Readonly<Record<string, string>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 'PAYLOAD_TOO_LARGE',
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 'PAYLOAD_TOO_LARGE',
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 'PAYLOAD_TOO_LARGE',
  WS_ERR_INVALID_UTF8: 'INVALID_UTF8',
};
