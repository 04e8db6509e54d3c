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
  const handle = handleOf(socket);
  const written = handle?.bytesWritten;
  const waiting = handle?.writeQueueSize;
  if (typeof written === 'number' && typeof waiting === 'number') return written - waiting;
  return ((socket as { bytesWritten?: number }).bytesWritten ?? 0) - socket.writableLength;
}

/**
 * Whether the kernel has left something of what was written. A stream of TLS counts every write as waiting until a later
 * tick, taken or not: there the handle below is asked.
 */
export function hasWaiting(socket: Duplex): boolean {
  if (socket.writableLength === 0) return false;
  const waiting = ownHandleOf(socket)?._parent?.writeQueueSize;
  return typeof waiting !== 'number' || waiting > 0;
}

/** TLS encrypts a write at once, into memory of its own; what counts is the connection below. */
function handleOf(socket: Duplex): WriteHandle | null | undefined {
  const own = ownHandleOf(socket);
  return own?._parent ?? own;
}

function ownHandleOf(socket: Duplex): WriteHandle | null | undefined {
  return (socket as { _handle?: WriteHandle | null })._handle;
}
