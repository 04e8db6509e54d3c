import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { pendingAnswerOf } from './pending-answer.js';

/**
 * Requests that asked for an upgrade without a listener, given back to their server as plain ones.
 *
 * Node takes every request with `Upgrade` for one as soon as anything listens for upgrades, and reads no body for it; a
 * server may ignore the wish (RFC 9110, 7.8), as it would without such a listener. So the head is written down again,
 * without that wish, and the connection begins anew with it. Body, keep-alive and further requests then work as ever, and
 * the application finds the headers that were sent.
 */
export class PlainRequests {
  /** By connection, until the server emits the request once more. */
  readonly #replayed = new Map<Duplex, IncomingMessage>();

  constructor(private readonly server: HttpServer) {}

  replay(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (socket.destroyed) return;
    const pending = pendingAnswerOf(socket);
    if (pending !== null) {
      // Requests in front of this one, on the same connection, are answered first. Node listens for its errors no more.
      socket.on('error', ignore);
      pending.once('close', () => this.replay(request, socket, head));
      return;
    }
    socket.off('error', ignore);
    this.#replayed.set(socket, request);
    socket.once('close', () => this.#replayed.delete(socket));
    socket.unshift(Buffer.concat([headWithoutUpgrade(request), head]));
    const event = (socket as { encrypted?: boolean }).encrypted === true ? 'secureConnection' : 'connection';
    // Node's own listener alone: for all others the connection is not a new one.
    const listener = this.server.listeners(event).find(({ name }) => name === 'connectionListener');
    if (listener === undefined) this.server.emit(event, socket as never);
    else Reflect.apply(listener, this.server, [socket]);
  }

  /** Gives a request that the server is about to emit the headers with which it came. */
  restore(request: IncomingMessage): void {
    const original = this.#replayed.get(request.socket);
    if (original === undefined) return;
    this.#replayed.delete(request.socket);
    request.rawHeaders = original.rawHeaders;
    request.headers = original.headers;
    request.headersDistinct = original.headersDistinct;
  }

  /** Whether a request is to be restored. */
  get isWaiting(): boolean {
    return this.#replayed.size > 0;
  }
}

function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i].toLowerCase();
    const value = name === 'connection' ? withoutUpgrade(rawHeaders[i + 1]) : rawHeaders[i + 1];
    if ((value !== '' || name !== 'connection') && !OF_AN_UPGRADE.has(name)) lines.push(`${rawHeaders[i]}: ${value}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

const OF_AN_UPGRADE = new Set(['upgrade', 'http2-settings']);

/** What remains of a Connection header; `keep-alive` is the default of HTTP/1.1. */
function withoutUpgrade(value: string): string {
  const options = value.split(',').filter((option) => !OF_AN_UPGRADE.has(option.trim().toLowerCase()));
  return options.join(',').trim();
}

function ignore(): void {}
