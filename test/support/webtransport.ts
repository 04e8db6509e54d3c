import { cleanup } from './cleanup.js';
import type { Frame } from './engine-client.js';
import type { RunningServer } from './server.js';
import { within } from './until.js';

type Duplex = { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> };

/**
 * A WebTransport session in memory: what a library for HTTP/3 would hand to the server, and the peer's end of it. Closing
 * it at either end breaks its streams at both.
 */
export class WebTransportPair {
  /** The server's end. */
  readonly session;
  /** Resolves when either end has closed the session. */
  readonly closed: Promise<string>;
  readonly #streams: TransformStreamDefaultController[] = [];
  #incoming!: ReadableStreamDefaultController<Duplex>;
  #resolveClosed!: (by: string) => void;
  #isClosed = false;

  constructor() {
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    this.session = {
      ready: Promise.resolve(),
      closed: this.closed.then(() => ({ closeCode: 0, reason: '' })),
      incomingBidirectionalStreams: new ReadableStream<Duplex>({ start: (control) => void (this.#incoming = control) }),
      close: () => this.#close('the server'),
    };
    cleanup(() => this.close());
  }

  close(): void {
    this.#close('the peer');
  }

  /** Opens a stream, on which nothing is said yet. `room`: chunks that the peer takes in without asking for them. */
  openStream(room?: number): StreamPeer {
    return new StreamPeer(this.openRawStream(room));
  }

  openRawStream(room = 1000): Duplex {
    const [up, down] = [this.#pipe(1000), this.#pipe(room)];
    if (this.#isClosed) this.#endStreams();
    else this.#incoming.enqueue({ readable: up.readable, writable: down.writable });
    return { readable: down.readable, writable: up.writable };
  }

  #pipe(room: number): TransformStream<Uint8Array, Uint8Array> {
    const start = (control: TransformStreamDefaultController): void => void this.#streams.push(control);
    return new TransformStream({ start }, { highWaterMark: 1 }, { highWaterMark: room });
  }

  #close(by: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#incoming.close();
    this.#endStreams();
    this.#resolveClosed(by);
  }

  #endStreams(): void {
    for (const stream of this.#streams) stream.error(new Error('the session was closed'));
  }
}

/** The peer's end of a stream: takes frames apart by itself, byte for byte as they are described. */
export class StreamPeer {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #unread = Buffer.alloc(0);

  constructor(stream: Duplex) {
    this.#reader = stream.readable.getReader();
    this.#writer = stream.writable.getWriter();
  }

  /** Sends bytes as they are. */
  write(bytes: Uint8Array): void {
    this.#writer.write(bytes).catch(() => {});
  }

  /** Sends a packet in a frame. */
  send(packet: string | Buffer): void {
    this.write(streamFrame(packet));
  }

  end(): void {
    this.#writer.close().catch(() => {});
  }

  /** The next packet. Rejects when there will be none. */
  next(): Promise<Frame> {
    return within(this.#take(), 'a packet');
  }

  async #take(): Promise<Frame> {
    for (;;) {
      const [isBinary, start, end] = this.#bounds();
      if (end <= this.#unread.length) {
        const payload = this.#unread.subarray(start, end);
        this.#unread = this.#unread.subarray(end);
        return isBinary ? payload : payload.toString();
      }
      const { done, value } = await this.#reader.read();
      if (done) throw new Error('the stream ended');
      this.#unread = Buffer.concat([this.#unread, value]);
    }
  }

  #bounds(): [isBinary: boolean, start: number, end: number] {
    const bytes = this.#unread;
    if (bytes.length === 0) return [false, 0, Infinity];
    const isBinary = bytes[0] >= 128;
    const short = bytes[0] % 128;
    if (short < 126) return [isBinary, 1, 1 + short];
    if (short === 126) return [isBinary, 3, bytes.length < 3 ? Infinity : 3 + bytes.readUInt16BE(1)];
    return [isBinary, 9, bytes.length < 9 ? Infinity : 9 + Number(bytes.readBigUInt64BE(1))];
  }
}

export function streamFrame(packet: string | Buffer): Buffer {
  const payload = Buffer.from(packet as string);
  const kind = typeof packet === 'string' ? 0 : 128;
  if (payload.length < 126) return Buffer.concat([Buffer.of(kind + payload.length), payload]);
  if (payload.length < 65_536) {
    return Buffer.concat([Buffer.of(kind + 126, payload.length >> 8, payload.length & 255), payload]);
  }
  const header = Buffer.alloc(9);
  header[0] = kind + 127;
  header.writeBigUInt64BE(BigInt(payload.length), 1);
  return Buffer.concat([header, payload]);
}

/** Gives official clients a WebTransport, as browsers have it, whose other end is the server's. */
export function offerWebTransport(server: Pick<RunningServer, 'io'>): void {
  const scope = globalThis as { WebTransport?: unknown };
  scope.WebTransport = class {
    readonly ready = Promise.resolve();
    readonly #pair = new WebTransportPair();
    readonly closed = this.#pair.closed;

    constructor() {
      server.io.engine.onWebTransportSession(this.#pair.session);
    }

    createBidirectionalStream() {
      const { readable, writable } = this.#pair.openRawStream();
      const writer = writable.getWriter();
      // The client leaves a rejection unhandled where its stream breaks, which browsers let pass.
      const write = (chunk: Uint8Array): Promise<void> => writer.write(chunk).catch(() => {});
      return Promise.resolve({ readable, writable: new WritableStream({ write }) });
    }

    close() {
      this.#pair.close();
    }
  };
  cleanup(() => delete scope.WebTransport);
}
