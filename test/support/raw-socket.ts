import { connect, type Socket } from 'node:net';
import { cleanup } from './cleanup.js';
import { within } from './until.js';

/** A TCP connection to a server, for what no well-behaved client would do. */
export class RawSocket {
  readonly socket: Socket;
  /** Everything that has arrived, byte for byte. */
  received = '';
  #wake: () => void = () => {};

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    cleanup(() => this.socket.destroy());
    this.socket.on('error', () => {});
    this.socket.on('close', () => this.#wake());
    this.socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1');
      this.#wake();
    });
  }

  write(data: string | Uint8Array): void {
    this.socket.write(data);
  }

  /** Resolves once this text has arrived; rejects where the connection ends before. */
  arrival(text: string): Promise<void> {
    return within(this.#arrival(text), `"${text}" to arrive`, 10_000);
  }

  /** Resolves once so many bytes have arrived; rejects where the connection ends before. */
  arrivalOf(bytes: number): Promise<void> {
    return within(this.#untilArrived(bytes), `${bytes} bytes to arrive`, 10_000);
  }

  /** Resolves once the other side has ended the connection. */
  get ended(): Promise<void> {
    return within(this.#untilEnded(), 'the connection to end', 10_000);
  }

  /** Ends the connection at once; abruptly, by a reset, or in order. */
  drop(abruptly: boolean): void {
    // A reset while the socket shuts down leaves a handle that Node 20 waits for at its exit, for ever.
    if (abruptly && !this.socket.writableEnded) this.socket.resetAndDestroy();
    else this.socket.destroy();
  }

  async #arrival(text: string): Promise<void> {
    while (!this.received.includes(text)) {
      if (this.socket.destroyed) throw new Error(`the connection ended before "${text}" came`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async #untilArrived(bytes: number): Promise<void> {
    while (this.received.length < bytes) {
      if (this.socket.destroyed) throw new Error(`the connection ended after ${this.received.length} bytes`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async #untilEnded(): Promise<void> {
    while (!this.socket.destroyed) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

/** The request of a WebSocket handshake. */
export function upgradeRequest(path: string): string {
  return (
    `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQEBAQEBAQEBAQEBAQEBAQ==\r\n\r\n'
  );
}

/**
 * A client's frame of less than 64 KiB, under a mask of zeros. `first` has its bits and opcode; text is taken byte by
 * byte, so that it may be what no text is.
 */
export function clientFrame(first: number, payload: string | Buffer): Buffer {
  const body = Buffer.from(payload as string, 'latin1');
  const length =
    body.length < 126 ? Buffer.of(0x80 | body.length) : Buffer.of(0xfe, body.length >> 8, body.length & 0xff);
  return Buffer.concat([Buffer.of(first), length, Buffer.alloc(4), body]);
}

/** The same for a text frame in UTF-8. */
export function textFrame(text: string): Buffer {
  return clientFrame(0x81, Buffer.from(text));
}

/** Opens a WebSocket by hand and waits for the open packet. */
export async function openRawWebSocket(port: number, path: string): Promise<RawSocket> {
  const raw = new RawSocket(port);
  raw.write(upgradeRequest(`${path}?EIO=4&transport=websocket`));
  await raw.arrival('maxPayload');
  return raw;
}
