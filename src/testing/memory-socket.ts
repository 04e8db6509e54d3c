import { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers';

type Done = (error?: Error | null) => void;

/**
 * One end of a connection in memory, with what HTTP servers and clients use of a `net.Socket`. Bytes are copied and arrive
 * in a later turn of the event loop, as those of a network do: nothing of one side runs inside a call of the other.
 */
export class MemorySocket extends Duplex {
  readonly remoteAddress = '127.0.0.1';
  readonly remoteFamily = 'IPv4';
  /** Ports tell connections of one host apart; nothing here asks for that. */
  readonly remotePort = 50_000;
  readonly localAddress = '127.0.0.1';
  readonly localFamily = 'IPv4';
  readonly localPort = 80;
  readonly connecting = false;
  /** As a `net.Server` sets it; that of HTTP/2 looks there when it falls back. */
  server: unknown = undefined;
  bytesRead = 0;
  bytesWritten = 0;
  #peer: MemorySocket | null = null;
  /** Lets the peer write on, once this end has read what it wrote. */
  #onRoom: Done | null = null;

  private constructor(
    /** What servers ask for to learn whether TLS protects a connection. */
    readonly encrypted: boolean,
    allowHalfOpen: boolean,
  ) {
    super({ allowHalfOpen });
  }

  /** A client's end and a server's. */
  static pair(encrypted = false): [near: MemorySocket, far: MemorySocket] {
    const near = new MemorySocket(encrypted, false);
    // A server answers also a client that has ended its side.
    const far = new MemorySocket(encrypted, true);
    near.#peer = far;
    far.#peer = near;
    return [near, far];
  }

  /** What TLS has negotiated; a server of HTTP/2 falls back by it. */
  get alpnProtocol(): string | false {
    return this.encrypted ? 'http/1.1' : false;
  }

  address(): { address: string; family: string; port: number } {
    return { address: this.localAddress, family: this.localFamily, port: this.localPort };
  }

  // Memory neither delays, nor times out, nor keeps a process alive.
  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {
    const onRoom = this.#onRoom;
    this.#onRoom = null;
    onRoom?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#transmit(Buffer.from(chunk), done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    this.#transmit(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: Done): void {
    setImmediate(() => this.#peer!.#receive(null, done));
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#onRoom?.(brokenPipe());
    this.#onRoom = null;
    // Behind what was written before.
    setImmediate(() => receiveEnd(this.#peer!));
    done(error);
  }

  #transmit(bytes: Buffer, done: Done): void {
    this.bytesWritten += bytes.length;
    setImmediate(() => this.#peer!.#receive(bytes, done));
  }

  /** Takes bytes, or the end; `done` is called once there is room for more. */
  #receive(bytes: Buffer | null, done: Done): void {
    if (this.destroyed) {
      done(bytes === null ? null : brokenPipe());
      return;
    }
    if (bytes === null) {
      receiveEnd(this);
      done();
      return;
    }
    this.bytesRead += bytes.length;
    if (this.push(bytes)) done();
    else this.#onRoom = done;
  }
}

/** As in a `net.Socket`, the end is noticed also if no one reads: after a refused upgrade it would stay open otherwise. */
function receiveEnd(socket: Duplex): void {
  if (socket.destroyed) return;
  socket.push(null);
  socket.read(0);
}

function brokenPipe(): Error {
  return Object.assign(new Error('write EPIPE'), { code: 'EPIPE', syscall: 'write' });
}
