import { isUtf8 } from 'node:buffer';
import type { Duplex } from 'node:stream';
import { receiveUtf8, type FrameListener } from '../frame-listener.js';
import { Utf8Checker } from './utf8-checker.js';
import { dataListenerOf, type DataListener } from './ws-internals.js';

export interface FrameReaderListener extends FrameListener {
  /** So many bytes have arrived, control frames left out; less than none for what is put back, and arrives again. */
  onBytes(count: number): void;
  /** `ws` has seen a part of a control frame, and may have answered it. */
  onControlFrame(): void;
  /** The part of a text message that has arrived is no UTF-8. Nothing behind it is read. */
  onInvalidText(): void;
}

/**
 * Reads the common frames of a client straight from the chunks of its socket (RFC 6455, 5.2): whole, masked, final text
 * and binary frames within the bound. Everything else — fragments, control frames, what spans two chunks, what breaks
 * the RFC — goes to `ws` byte for byte, in order, whose own state therefore is always at a frame's boundary when a frame
 * is read here.
 *
 * It saves the receiver's stream machinery for nearly all frames: events in bursts and echo show it.
 */
export class FrameReader {
  /** Bytes of the present frame that still belong to `ws`. */
  #passing = 0;
  /** Whether `ws` is in the middle of a fragmented message. */
  #fragmented = false;
  /** The text message that `ws` puts together, if it is one. */
  #text: Utf8Checker | null = null;
  /** Whether the present frame is a part of it, and how much of its header is still to be passed. */
  #isText = false;
  #header = 0;
  /** The beginning of a header that was cut off by the end of a chunk. */
  #rest: Buffer | null = null;
  /** Whether the frame that is passed on is a close frame, or one that `ws` will refuse. */
  #closing = false;
  /** Whether the frame that is passed on is a control frame. */
  #isControl = false;
  #controlBytes = 0;
  /** Such a frame was passed on: nothing behind it is read (RFC 6455, 5.5.1 and 7.1.7). */
  #concluded = false;

  private constructor(
    private readonly socket: Duplex,
    private readonly passOn: DataListener,
    private readonly sink: FrameReaderListener,
    private readonly maxPayload: number,
  ) {}

  /** Puts a reader in front of `passOn`: the listener that `ws` has just set on the socket, or who stands in for it. */
  static install(socket: Duplex, sink: FrameReaderListener, maxPayload: number, passOn = dataListenerOf(socket)): void {
    if (passOn === undefined) return;
    (socket as ReadSocket)[READER] = new FrameReader(socket, passOn, sink, maxPayload);
    socket.on('data', onData);
    socket.off('data', passOn);
    // In front of `ws`, which ends the connection and what was to be written to it.
    socket.prependListener('end', onEnd);
  }

  /** How many bytes of control frames a socket has received. */
  static controlBytesOf(socket: Duplex): number {
    const reader = (socket as Partial<ReadSocket>)[READER];
    return reader === undefined ? 0 : reader.#controlBytes;
  }

  /** Drops what still arrives, as `ws` does once it has refused a frame. */
  static remove(socket: Duplex): void {
    socket.off('data', onData);
  }

  read(data: Buffer): void {
    this.sink.beforeInput();
    this.sink.onBytes(data.length);
    const chunk = this.#rest === null ? data : Buffer.concat([this.#rest, data]);
    this.#rest = null;
    let position = 0;
    while (position < chunk.length && !this.#concluded) {
      if (this.#passing > 0) position = this.#pass(chunk, position);
      else {
        const next = this.#readFrame(chunk, position);
        if (next === position && this.#passing === 0) {
          this.#rest = Buffer.from(chunk.subarray(position));
          return;
        }
        position = next;
      }
    }
  }

  /** The peer sends nothing any more; it may still read. */
  end(): void {
    this.sink.writeNow();
  }

  /** Reads the frame at `start`, or leaves it to `ws`; returns where it ends, or `start` if nothing was read yet. */
  #readFrame(chunk: Buffer, start: number): number {
    const available = chunk.length - start;
    if (available < 2) return start;
    const first = chunk[start];
    const second = chunk[start + 1];
    let length = second & 0x7f;
    let header = 2;
    if (length === 126) {
      if (available < 4) return start;
      length = (chunk[start + 2] << 8) | chunk[start + 3];
      header = 4;
    } else if (length === 127) {
      if (available < 10) return start;
      length = chunk.readUInt32BE(start + 2) * 2 ** 32 + chunk.readUInt32BE(start + 6);
      header = 10;
    }
    const isMasked = second >= 0x80;
    if (isMasked) header += 4;
    const isCommon = (first === FINAL_TEXT || first === FINAL_BINARY) && isMasked && length > 0;
    const end = start + header + length;
    if (!isCommon || this.#fragmented || length > this.maxPayload || end > chunk.length || !this.sink.isOpen) {
      const isRefused = !isMasked || isReserved(first) || ((first & 0x0f) <= BINARY && length > this.maxPayload);
      if (!isRefused && available < header) return start;
      this.#checkText(first, isRefused, chunk, start + header);
      return this.#leave(first, header, length, start, isRefused);
    }
    const payload = start + header;
    const isAscii = unmask(chunk, payload, end);
    if (first === FINAL_BINARY) {
      this.sink.receiveBinary(chunk.subarray(payload, end));
    } else if (isAscii) {
      this.sink.receiveText(chunk[payload], chunk.toString('latin1', payload + 1, end));
    } else if (isUtf8(chunk.subarray(payload, end))) {
      receiveUtf8(this.sink, chunk.subarray(payload, end));
    } else {
      // Masked again, so that `ws` sees what arrived and refuses it in the RFC's way.
      unmask(chunk, payload, end);
      return this.#leave(first, header, length, start, true);
    }
    return end;
  }

  /** `ws` checks a text message at its end, which a client may put off; here it is checked as it arrives. */
  #checkText(first: number, isRefused: boolean, chunk: Buffer, payload: number): void {
    const opcode = first & 0x0f;
    if (opcode > BINARY) return;
    const continues = opcode === CONTINUATION;
    // `ws` refuses a message inside another, and the continuation of none.
    const isRead = !isRefused && continues === this.#fragmented && this.sink.isOpen;
    if (!isRead || opcode === BINARY) this.#text = null;
    else if (!continues) this.#text = new Utf8Checker();
    this.#isText = this.#text !== null;
    this.#text?.beginFrame(chunk, payload - 4);
  }

  /** From `start` on, `header` and `length` bytes belong to `ws`. */
  #leave(first: number, header: number, length: number, start: number, isRefused: boolean): number {
    const opcode = first & 0x0f;
    const isFinal = first >= 0x80;
    if (opcode <= BINARY) this.#fragmented = !isFinal;
    this.#passing = header + length;
    this.#header = header;
    this.#closing = opcode === CLOSE || isRefused;
    this.#isControl = opcode >= CLOSE;
    if (opcode >= CLOSE || isRefused) this.sink.writeNow();
    return start;
  }

  #pass(chunk: Buffer, start: number): number {
    const end = Math.min(start + this.#passing, chunk.length);
    if (this.#isText && !this.#text!.check(chunk, start + this.#header, end)) {
      this.#concluded = true;
      this.sink.onInvalidText();
      return end;
    }
    this.#header = 0;
    this.#passing -= end - start;
    const isControl = this.#isControl;
    if (isControl) {
      this.#controlBytes += end - start;
      this.sink.onBytes(start - end);
    }
    if (this.#passing === 0) this.#endFrame();
    this.passOn.call(this.socket, start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end));
    if (isControl) this.sink.onControlFrame();
    if (!this.socket.isPaused()) return end;
    // `ws` pauses the socket at once if it refuses what only it can judge, and sends the close frame a tick later: what
    // was answered before leaves now. Or it has enough for the moment.
    this.sink.writeNow();
    if (end === chunk.length || this.#concluded) return end;
    // What lies behind waits in the socket, which is resumed with this reader or without it.
    this.sink.onBytes(end - chunk.length);
    this.socket.unshift(chunk.subarray(end));
    return chunk.length;
  }

  #endFrame(): void {
    this.#concluded = this.#closing;
    this.#isText = false;
    if (!this.#fragmented) this.#text = null;
  }
}

const READER = Symbol('frame reader');

interface ReadSocket extends Duplex {
  [READER]: FrameReader;
}

const CONTINUATION = 0x0;
const BINARY = 0x2;
const CLOSE = 0x8;
const PONG = 0xa;
const FINAL_TEXT = 0x81;
const FINAL_BINARY = 0x82;

/** From this size on, four bytes at a time pay for the view that they need. */
const WIDE = 256;

/** Whether a frame's first byte has bits or an opcode without a meaning if no extension is negotiated. */
function isReserved(first: number): boolean {
  const opcode = first & 0x0f;
  return (first & 0x70) !== 0 || opcode > PONG || (opcode > BINARY && opcode < CLOSE);
}

/** One listener for all sockets. */
function onData(this: Duplex, chunk: Buffer): void {
  (this as ReadSocket)[READER].read(chunk);
}

function onEnd(this: Duplex): void {
  (this as ReadSocket)[READER].end();
}

/** Unmasks in place, with the mask that stands before `start`; whether every byte then is ASCII. */
function unmask(chunk: Buffer, start: number, end: number): boolean {
  if (end - start >= WIDE) return unmaskWide(chunk, start, end);
  return unmaskBytes(chunk, start, end, start - 4, 0) < 0x80;
}

/** Unmasks bytes from `start` on; `mask` is where the mask lies, `phase` its byte for the first. Returns all bytes ORed. */
function unmaskBytes(chunk: Buffer, start: number, end: number, mask: number, phase: number): number {
  let all = 0;
  for (let i = start; i < end; i++) all |= chunk[i] ^= chunk[mask + ((i - start + phase) & 3)];
  return all;
}

function unmaskWide(chunk: Buffer, start: number, end: number): boolean {
  const mask = start - 4;
  // Up to where the memory is aligned byte by byte, then in words, then the rest.
  const aligned = start + ((4 - ((chunk.byteOffset + start) & 3)) & 3);
  let all = unmaskBytes(chunk, start, aligned, mask, 0);
  const phase = (aligned - start) & 3;
  const count = (end - aligned) >>> 2;
  const words = new Uint32Array(chunk.buffer, chunk.byteOffset + aligned, count);
  const word = maskWord(chunk, mask, phase);
  let wide = 0;
  for (let i = 0; i < count; i++) wide |= words[i] ^= word;
  const rest = aligned + count * 4;
  all |= unmaskBytes(chunk, rest, end, mask, phase);
  return all < 0x80 && (wide & 0x80808080) === 0;
}

/** The mask as a word in this machine's byte order, turned so that its first byte is `phase`. */
function maskWord(chunk: Buffer, mask: number, phase: number): number {
  for (let i = 0; i < 4; i++) SCRATCH_BYTES[i] = chunk[mask + ((i + phase) & 3)];
  return SCRATCH[0];
}

const SCRATCH = new Uint32Array(1);
const SCRATCH_BYTES = new Uint8Array(SCRATCH.buffer);
