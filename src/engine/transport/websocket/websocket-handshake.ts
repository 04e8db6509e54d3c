import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Dialect } from '../../codec/dialect.js';
import { headerLines } from '../../http/header-fields.js';
import type { HttpHeaders } from '../../http/http-exchange.js';

/** An upgrade request that was let in. */
export interface WebsocketHandshake {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  /** What the answer carries beyond what makes it one. */
  readonly headers: HttpHeaders;
  readonly dialect: Dialect;
}

/**
 * Whether a request is a handshake that leaves nothing to negotiate or to refuse: valid (RFC 6455, 4.2.1), of the present
 * version, without a subprotocol, from a peer that is there.
 */
export function isPlain({ request: { method, headers }, socket }: WebsocketHandshake): boolean {
  return (
    socket.readable &&
    socket.writable &&
    method === 'GET' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    headers['sec-websocket-version'] === '13' &&
    headers['sec-websocket-protocol'] === undefined &&
    KEY.test(headers['sec-websocket-key'] ?? '')
  );
}

/** The answer to a plain handshake (RFC 6455, 4.2.2), with `further` headers in it. */
export function acceptance({ headers }: IncomingMessage, further: HttpHeaders): string {
  const accept = createHash('sha1')
    .update(headers['sec-websocket-key'] + GUID)
    .digest('base64');
  let head = `${SWITCHING}Sec-WebSocket-Accept: ${accept}\r\n`;
  for (const line of headerLines(further)) head += `${line}\r\n`;
  return `${head}\r\n`;
}

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n';
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY = /^[+/0-9A-Za-z]{22}==$/;
