import type { RawSocket } from '../../support/raw-socket.js';

export interface RawAnswer {
  status: number;
  head: string;
  body: string;
}

/** Engine.IO's answer to what it refuses. */
export function refusal(status: number, code?: number): unknown {
  return code === undefined ? { status } : { status, code };
}

/** A request as it stands on the wire. `target` goes out as it is, which no HTTP client would let through. */
export function rawRequest(method: string, target: string, headers: readonly string[] = [], body = ''): string {
  return [`${method} ${target} HTTP/1.1`, 'Host: x', ...headers, '', body].join('\r\n');
}

/** The same for a WebSocket handshake. */
export function rawUpgrade(target: string, headers: readonly string[] = []): string {
  const needed = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  return rawRequest('GET', target, [...needed, 'Sec-WebSocket-Key: AQEBAQEBAQEBAQEBAQEBAQ==', ...headers]);
}

/** The next answer on a connection, with its body. */
export async function answerOn(raw: RawSocket): Promise<RawAnswer> {
  await raw.arrival('\r\n\r\n');
  const end = raw.received.indexOf('\r\n\r\n') + 4;
  const head = raw.received.slice(0, end);
  const isChunked = /^transfer-encoding: chunked/im.test(head);
  if (isChunked) await raw.arrival('\r\n0\r\n\r\n');
  const length = isChunked
    ? raw.received.indexOf('\r\n0\r\n\r\n') + 7 - end
    : Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
  await raw.arrivalOf(end + length);
  const body = raw.received.slice(end, end + length);
  raw.received = raw.received.slice(end + length);
  return { status: Number(head.slice(9, 12)), head, body: isChunked ? body.replaceAll(CHUNK_SIZE, '') : body };
}

const CHUNK_SIZE = /(?:^|\r\n)[0-9a-f]+\r\n(?:\r\n$)?/g;

/** Sends a request and gives what matters of a refusal. */
export async function refusalOf(raw: RawSocket, request: string): Promise<unknown> {
  raw.write(request);
  const { status, body } = await answerOn(raw);
  const isEngines = body.startsWith('{"code"');
  return refusal(status, isEngines ? (JSON.parse(body) as { code: number }).code : undefined);
}
