import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface Redis {
  readonly url: string;
  stop(): void;
}

/**
 * A Redis of its own, which keeps nothing.
 *
 * @throws Error if there is no `redis-server` on the PATH
 */
export async function startRedis(): Promise<Redis> {
  const port = await freePort();
  const folder = mkdtempSync(path.join(tmpdir(), 'fleet-redis-'));
  const options = { port, bind: '127.0.0.1', save: '', appendonly: 'no', dir: folder };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn('sh', ['-c', KEEPER, 'redis', ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
  const stop = (): void => {
    child.stdin.end();
    rmSync(folder, { recursive: true, force: true });
  };
  let output = '';
  child.stdout.setEncoding('utf8');
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      stop();
      reject(new Error(code === NOT_FOUND ? MISSING : `redis-server ended: ${output}`));
    });
    child.stdout.on('data', (text: string) => {
      output = (output + text).slice(-2_000);
      if (output.includes('Ready to accept connections')) resolve();
    });
  });
  return { url: `redis://127.0.0.1:${port}`, stop };
}

/** Ends with this process, however that ends: its input is closed then. */
const KEEPER = 'command -v redis-server >/dev/null || exit 127; redis-server "$@" & cat >/dev/null; kill -9 $!';
const NOT_FOUND = 127;
const MISSING = 'the fleet needs a redis-server on the PATH (Debian: apt-get install redis-server)';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
