import type { Duplex } from 'node:stream';

/** The part of a libuv stream's handle that is read here. */
interface WriteHandle {
  readonly bytesWritten?: unknown;
  readonly writeQueueSize?: unknown;
  /** Below TLS: the handle of the connection itself. */
  readonly _parent?: WriteHandle | null;
}

/**
 * How many bytes of a socket the kernel has taken so far; for comparison with an earlier value.
 *
 * One large write is taken piece by piece inside libuv, while the stream counts it as waiting until its end. Only the
 * handle knows what is left of it, for which reason Node's own socket timeout asks it too. It is private: where it is
 * not as expected, whole writes are counted, by what the stream says.
 */
export function bytesTaken(socket: Duplex): number {
  const own = (socket as { _handle?: WriteHandle | null })._handle;
  // TLS encrypts a write at once, into memory of its own.
  const handle = own?._parent ?? own;
  const written = handle?.bytesWritten;
  const waiting = handle?.writeQueueSize;
  if (typeof written === 'number' && typeof waiting === 'number') return written - waiting;
  return ((socket as { bytesWritten?: number }).bytesWritten ?? 0) - socket.writableLength;
}
