import type { IncomingHttpHeaders } from 'node:http';
import { defineLookup, isLookedUp, type RequestSummary } from '../../engine/index.js';

/** What a socket's client said when it connected; plain data, so that adapters can send it on. */
export interface Handshake {
  /** The headers of the request that opened the session. */
  headers: IncomingHttpHeaders;
  /** When the socket was made, as text. */
  time: string;
  /** The peer's IP address. */
  address: string;
  /** Whether the request came from another origin. */
  xdomain: boolean;
  /** Whether the connection is encrypted. */
  secure: boolean;
  /** When the socket was made, in milliseconds since 1970. */
  issued: number;
  /** Path and query of the request that opened the session. */
  url: string;
  /** Its query. */
  query: Record<string, string | string[] | undefined>;
  /** The client's `auth`, without what the protocol itself put there. */
  // oxlint-disable-next-line typescript/no-explicit-any -- the client's data, typed so by Socket.IO
  auth: Record<string, any>;
}

export function createHandshake(
  request: RequestSummary,
  address: string,
  issued: number,
  auth: Record<string, unknown>,
): Handshake {
  const handshake = {
    headers: request.headers,
    time: new Date(issued).toString(),
    address,
    xdomain: request.headers.origin !== undefined,
    secure: request.secure,
    issued,
    url: request.url,
    query: request._query,
    auth,
  };
  // What is read here stays for as long as the socket.
  if (isLookedUp(request, '_query')) defineLookup(handshake, 'query', () => request._query);
  if (isLookedUp(request, 'headers')) defineLookup(handshake, 'headers', () => request.headers);
  return handshake;
}
