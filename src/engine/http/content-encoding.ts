import { deflate, gzip, type InputType } from 'node:zlib';

type Encoding = 'gzip' | 'deflate';

/** The encoding to answer with, of those that the request accepts; null: as it is. */
export function negotiateEncoding(acceptEncoding: string | string[] | undefined): Encoding | null {
  if (typeof acceptEncoding !== 'string') return null;
  const accepted = acceptEncoding.toLowerCase().split(',').filter(isWanted).map(nameOf);
  if (accepted.includes('gzip')) return 'gzip';
  return accepted.includes('deflate') ? 'deflate' : null;
}

/** Compresses off the main thread; `done` gets null if that failed. */
export function compress(body: InputType, encoding: Encoding, done: (compressed: Buffer | null) => void): void {
  const run = encoding === 'gzip' ? gzip : deflate;
  run(body, (error, compressed) => done(error === null ? compressed : null));
}

function nameOf(item: string): string {
  return item.split(';', 1)[0].trim();
}

/** Whether an item of the list has no weight, or one above 0 (RFC 9110, 12.4.2). */
function isWanted(item: string): boolean {
  const parameter = item.indexOf(';');
  if (parameter === -1) return true;
  const [name, weight] = item.slice(parameter + 1).split('=', 2);
  return name.trim() === 'q' && Number(weight) > 0;
}
