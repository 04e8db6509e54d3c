import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '../..');

/** What a browser would load of some code, without the client of Socket.IO. */
async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    logLevel: 'silent',
    alias: {
      'nestjs-socketio/client': path.join(root, 'src/client/index.ts'),
      'nestjs-socketio/contract': path.join(root, 'src/contract/index.ts'),
    },
    external: ['socket.io-client'],
  });
  return outputFiles[0].text;
}

const bytes = async (contents: string): Promise<number> => Buffer.byteLength(await bundle(contents));

describe('a bundle for browsers', () => {
  it('has nothing of a contract that is imported as a type', async () => {
    const plain = `import { io } from 'socket.io-client'; export const socket = io('/chat');`;
    const typed = `
      import { io } from 'socket.io-client';
      import type { ClientOf } from 'nestjs-socketio/client';
      import type { chat } from './types/contracts.js';
      export const socket: ClientOf<typeof chat> = io('/chat');`;
    expect(await bundle(typed)).not.toMatch(/defineContract|zod/);
    expect(await bytes(typed)).toBe(await bytes(plain));
  });

  it('has at most 500 bytes of request()', async () => {
    const text = await bundle(`
      import { request, RequestError, type ClientOf } from 'nestjs-socketio/client';
      import type { chat } from './types/contracts.js';
      globalThis.use = (socket: ClientOf<typeof chat>) => request(socket, 'sum', 1, 2).catch((e) => e instanceof RequestError);`);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(
      500 + 'globalThis.use=e=>request(e,"sum",1,2).catch(r=>r instanceof t);'.length,
    );
    expect(text).not.toMatch(/zod|@nestjs/);
    expect(gzipSync(text).length).toBeLessThan(500);
  });

  it('has at most a kilobyte of a contract that is imported at run time', async () => {
    const text = await bundle(`
      import { defineContract, event } from 'nestjs-socketio/contract';
      globalThis.chat = defineContract('/chat', { in: { move: event<[number, number]>() } });`);
    const own = 'globalThis.chat=c("/chat",{in:{move:p()}});'.length;
    expect(Buffer.byteLength(text) - own).toBeLessThanOrEqual(1_024);
    expect(text).not.toMatch(/@nestjs|node:/);
  });
});
