import { Duplex } from 'node:stream';

/** The server's end of a TCP connection without a network: bytes go in by `arrive`, and come out in `sent`. */
export class MemorySocket extends Duplex {
  remoteAddress = '127.0.0.1';
  bytesRead = 0;
  /** @type {Buffer[]} */
  sent = [];

  constructor() {
    super({ allowHalfOpen: true });
    this.on('error', () => {});
  }

  /** @param {Buffer} bytes memory of their own, as a socket's chunks are: frames are unmasked in place */
  arrive(bytes) {
    this.bytesRead += bytes.length;
    if (!this.destroyed && !this.readableEnded) this.push(bytes);
  }

  setTimeout() {
    return this;
  }

  setNoDelay() {
    return this;
  }

  setKeepAlive() {
    return this;
  }

  _read() {}

  _write(chunk, _encoding, done) {
    this.sent.push(chunk);
    done();
  }

  _writev(chunks, done) {
    for (const { chunk } of chunks) this.sent.push(chunk);
    done();
  }
}
