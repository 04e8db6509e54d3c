import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { ProtocolError } from '../codec/protocol-error.js';

/** `readBytes` for a body that is text. */
export function readBody(
  body: Readable,
  contentLength: string | undefined,
  limit: number,
  onBytes: (length: number) => void,
  done: (result: string | ProtocolError | null) => void,
): () => void {
  return readBytes(body, contentLength, limit, onBytes, (result) => {
    if (!Buffer.isBuffer(result)) done(result);
    else
      done(isUtf8(result) ? result.toString() : new ProtocolError('INVALID_PACKET', 'the body of a POST is not UTF-8'));
  });
}

/**
 * Reads a body within `limit` bytes. `done` is called once: with the bytes, with a `ProtocolError`, or with null if
 * the peer left in the middle. `onBytes` is told of every chunk, since bytes are a sign of life.
 *
 * Returns what gives the body up: `done` is not called after that.
 */
export function readBytes(
  body: Readable,
  contentLength: string | undefined,
  limit: number,
  onBytes: (length: number) => void,
  done: (result: Buffer | ProtocolError | null) => void,
): () => void {
  if (Number(contentLength) > limit) {
    done(tooLarge(limit));
    return nothingToGiveUp;
  }
  let buffer: Buffer = NOTHING;
  let length = 0;
  let isDone = false;

  function onData(chunk: Buffer): void {
    if (isDone) return;
    onBytes(chunk.length);
    if (length + chunk.length > limit) {
      finish(tooLarge(limit));
      return;
    }
    // A body in one chunk is not copied.
    if (length === 0) buffer = chunk;
    else append(chunk);
    length += chunk.length;
  }
  /** Into one buffer that grows with what arrives: chunks of a byte each would hold thirty times their size. */
  function append(chunk: Buffer): void {
    if (length + chunk.length > buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(MIN_GROWTH, 2 * length, length + chunk.length));
      buffer.copy(grown, 0, 0, length);
      buffer = grown;
    }
    chunk.copy(buffer, length);
  }
  function onEnd(): void {
    finish(buffer.subarray(0, length));
  }
  function onGone(): void {
    finish(null);
  }
  function giveUp(): void {
    isDone = true;
    buffer = NOTHING;
  }
  /** Listens on: what still arrives is read and thrown away, and an error after this is dropped. */
  function finish(result: Buffer | ProtocolError | null): void {
    if (isDone) return;
    giveUp();
    done(result);
  }

  body.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone);
  return giveUp;
}

function nothingToGiveUp(): void {}

function tooLarge(limit: number): ProtocolError {
  return new ProtocolError('PAYLOAD_TOO_LARGE', `the body of a POST has more than ${limit} bytes`);
}

const NOTHING = Buffer.alloc(0);
const MIN_GROWTH = 1_024;
