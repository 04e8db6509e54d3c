import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { HttpHeaders, OtherAnswer } from '../../engine/index.js';

/** The files that a server hands to browsers; any other name is not looked up. */
const FILES: ReadonlySet<string> = new Set(
  ['socket.io', 'socket.io.min', 'socket.io.esm.min', 'socket.io.msgpack.min'].flatMap((name) => [
    `${name}.js`,
    `${name}.js.map`,
  ]),
);

/**
 * The browser bundles of the installed package `socket.io-client`, an optional peer. Each file is read, and compressed,
 * once. Without the package every file is a 404, and one warning says so.
 */
export class ClientBundle {
  #directory: string | null | undefined;
  #version = '';
  readonly #cache = new Map<string, Buffer>();

  constructor(private readonly warn: (message: string) => void) {}

  /** The bundle that a URL names, below the server's path; null if it names none. */
  static fileOf(url: string, path: string): string | null {
    // Most requests are polls, which this sends on without taking their URL apart.
    if (!url.includes('.js') || !url.startsWith(path)) return null;
    const file = url.slice(path.length).replace(/^\//, '').split('?', 1)[0];
    return FILES.has(file) ? file : null;
  }

  answer(file: string, request: IncomingMessage): OtherAnswer {
    if (this.#directory === undefined) this.#directory = this.#locate();
    const directory = this.#directory;
    if (directory === null) return NOT_FOUND;
    const etag = `"${this.#version}"`;
    const asked = request.headers['if-none-match'];
    if (asked === etag || asked === `W/${etag}`) return { status: 304, headers: { ETag: etag }, body: '' };
    const encoding = encodingOf(request.headers['accept-encoding']);
    const body = this.#read(directory, file, encoding);
    if (body === null) return NOT_FOUND;
    const headers: HttpHeaders = {
      'Cache-Control': 'public, max-age=0',
      'Content-Type': `application/${file.endsWith('.map') ? 'json' : 'javascript'}; charset=utf-8`,
      'Content-Length': String(body.length),
      ETag: etag,
    };
    if (encoding !== null) headers['Content-Encoding'] = encoding;
    headers.Vary = 'Accept-Encoding';
    return { status: 200, headers, body };
  }

  #locate(): string | null {
    // The application has the package, not this one: look from where the program started and from where it runs.
    for (const base of [process.argv[1], join(process.cwd(), 'package.json')]) {
      if (base === undefined) continue;
      try {
        const manifest = createRequire(base).resolve('socket.io-client/package.json');
        this.#version = (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
        return join(dirname(manifest), 'dist');
      } catch {
        continue;
      }
    }
    this.warn(
      'serveClient is on, but the package socket.io-client is not installed: requests for its bundles get 404. Install it, or set serveClient: false.',
    );
    return null;
  }

  #read(directory: string, file: string, encoding: 'br' | 'gzip' | null): Buffer | null {
    const key = `${encoding ?? ''}:${file}`;
    const cached = this.#cache.get(key);
    if (cached !== undefined) return cached;
    try {
      const plain = readFileSync(join(directory, file));
      const body = encoding === null ? plain : encoding === 'br' ? brotli(plain) : gzipSync(plain);
      this.#cache.set(key, body);
      return body;
    } catch {
      return null;
    }
  }
}

/** At a level that takes milliseconds: this happens while a server is at work. */
function brotli(plain: Buffer): Buffer {
  return brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
}

const NOT_FOUND: OtherAnswer = {
  status: 404,
  // The length by hand, so that the answer to HEAD has it as well.
  headers: { 'Content-Type': 'text/plain', 'Content-Length': '9' },
  body: 'Not Found',
};

/** The first encoding that is accepted, in the order of the request; null: as it is. */
function encodingOf(accepted: string | string[] | undefined): 'br' | 'gzip' | null {
  for (const part of String(accepted ?? '').split(',')) {
    const [name, ...parameters] = part.split(';').map((text) => text.trim());
    if (parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))) continue;
    if (name === 'br' || name === 'gzip') return name;
  }
  return null;
}
