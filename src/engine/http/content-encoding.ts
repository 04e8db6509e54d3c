import { deflate, gzip, type InputType } from 'node:zlib';

type Encoding = 'gzip' | 'deflate';

/** The encoding to answer with, of those that the request accepts; null: as it is. */
export function negotiateEncoding(acceptEncoding: string | string[] | undefined): Encoding | null {
  if (typeof acceptEncoding !== 'string') return null;
  for (const encoding of ['gzip', 'deflate'] as const) {
    const found = new RegExp(`(?:^|,)\\s*${encoding}\\s*(?:;\\s*q=([0-9.]+))?\\s*(?:,|$)`, 'i').exec(acceptEncoding);
    if (found !== null && Number(found[1] ?? 1) > 0) return encoding;
  }
  return null;
}

/** Compresses off the main thread; `done` gets null where that failed. */
export function compress(body: InputType, encoding: Encoding, done: (compressed: Buffer | null) => void): void {
  const run = encoding === 'gzip' ? gzip : deflate;
  run(body, (error, compressed) => done(error === null ? compressed : null));
}
