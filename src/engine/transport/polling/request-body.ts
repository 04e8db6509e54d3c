import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { ProtocolError } from '../../codec/protocol-error.js';

/** `readBytes` for a body that is text. */
export function readBody(
  body: Readable,
  contentLength: string | undefined,
  limit: number,
  onBytes: (length: number) => void,
  done: (result: string | ProtocolError | null) => void,
): void {
  readBytes(body, contentLength, limit, onBytes, (result) => {
    if (!Buffer.isBuffer(result)) done(result);
    else done(isUtf8(result) ? result.toString() : new ProtocolError('INVALID_PACKET', 'the body is not UTF-8'));
  });
}

/**
 * Reads a body within `limit` bytes. `done` is called once: with the bytes, with a `ProtocolError`, or with null where
 * the peer left in the middle. `onBytes` is told of every chunk, since bytes are a sign of life.
 */
export function readBytes(
  body: Readable,
  contentLength: string | undefined,
  limit: number,
  onBytes: (length: number) => void,
  done: (result: Buffer | ProtocolError | null) => void,
): void {
  if (Number(contentLength) > limit) {
    done(tooLarge(limit));
    return;
  }
  let chunks: Buffer[] = [];
  let length = 0;
  let isDone = false;

  function onData(chunk: Buffer): void {
    if (isDone) return;
    length += chunk.length;
    onBytes(chunk.length);
    if (length > limit) finish(tooLarge(limit));
    else chunks.push(chunk);
  }
  function onEnd(): void {
    finish(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, length));
  }
  function onGone(): void {
    finish(null);
  }
  /** Listens on: what still arrives is read and thrown away, and an error after this concerns nobody. */
  function finish(result: Buffer | ProtocolError | null): void {
    if (isDone) return;
    isDone = true;
    chunks = [];
    done(result);
  }

  body.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone);
}

function tooLarge(limit: number): ProtocolError {
  return new ProtocolError('PAYLOAD_TOO_LARGE', `the body exceeds ${limit} bytes`);
}
