import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * Gives a request that asked for an upgrade back to its server as a plain one.
 *
 * Node takes every request with `Upgrade` for one as soon as anything listens for upgrades, and reads no body for it; a
 * server may ignore the wish (RFC 9110, 7.8), as it would without such a listener. So the head is written down again,
 * without that wish, and the connection begins anew with it. Body, keep-alive and further requests then work as ever.
 */
export function replayWithoutUpgrade(server: HttpServer, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  const { rawHeaders } = request;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i].toLowerCase();
    const value = name === 'connection' ? withoutUpgrade(rawHeaders[i + 1]) : rawHeaders[i + 1];
    if (value !== '' && !OF_AN_UPGRADE.has(name)) lines.push(`${rawHeaders[i]}: ${value}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  const isEncrypted = (socket as { encrypted?: boolean }).encrypted === true;
  server.emit(isEncrypted ? 'secureConnection' : 'connection', socket as never);
}

const OF_AN_UPGRADE = new Set(['upgrade', 'http2-settings']);

/** What remains of a Connection header; `keep-alive` is the default of HTTP/1.1. */
function withoutUpgrade(value: string): string {
  const options = value.split(',').filter((option) => !OF_AN_UPGRADE.has(option.trim().toLowerCase()));
  return options.join(',').trim();
}
