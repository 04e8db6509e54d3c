/** SIGTERM at every stage of an application's life, in a process of its own. Needs a build. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import type { Socket as ClientSocket } from 'socket.io-client';
import { rawUpgrade } from '../hostile/support/requests.js';
import { cleanup } from '../support/cleanup.js';
import { openPolling } from '../support/engine-client.js';
import { connectClient } from '../support/nest-app.js';
import { RawSocket } from '../support/raw-socket.js';
import { until, within } from '../support/until.js';
import { PLATFORMS, type Platform } from './support/start-app.js';

const DELAY = 300;
const TIMEOUT = 1_500;
/** For a process to start, on a machine that runs other tests beside it. */
const PATIENCE = 15_000;

const APPLICATION = path.join(import.meta.dirname, 'fixtures/application.mjs');

/** How an application ends: by a call of `app.close()`, after which nothing may keep it alive, or by Nest's own hooks. */
type Ending = 'close' | 'hooks';

class Child {
  readonly told: string[] = [];
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; at: number }>;
  readonly #process;
  #signalledAt = 0;

  constructor(platform: Platform, ending: Ending, file = APPLICATION) {
    this.#process = spawn(process.execPath, ['--no-warnings', file, platform, ending, `${DELAY}`, `${TIMEOUT}`], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const lines = output.split('\n');
        output = lines.pop()!;
        this.told.push(...lines);
      });
    }
    this.ended = once(this.#process, 'close').then(
      ([code, signal]) => ({ code, signal, at: performance.now() }) as never,
    );
    cleanup(() => this.#process.kill('SIGKILL'));
  }

  async tells(what: string): Promise<string> {
    const find = (): string | undefined => this.told.find((line) => line.startsWith(what));
    await until(() => find() !== undefined, `the application tells "${what}"`, PATIENCE).catch((error: Error) => {
      throw new Error(`${error.message}; it told: ${this.told.join(', ')}`);
    });
    return find()!;
  }

  async port(): Promise<number> {
    return Number((await this.tells('listening')).split(' ')[1]);
  }

  terminate(): void {
    this.#signalledAt ||= performance.now();
    this.#process.kill('SIGTERM');
  }

  ask(what: string): void {
    this.#process.stdin.write(`${what}\n`);
  }

  /** Expects that it ends by itself, in time, with the database closed last. */
  async endsWell(): Promise<void> {
    const { code, signal, at } = await within(this.ended, 'the application to end', DELAY + TIMEOUT + 5_000);
    const took = at - this.#signalledAt;
    expect({ code, signal, told: this.told }).toMatchObject({ code: 0, signal: null });
    expect(took).toBeLessThanOrEqual(DELAY + TIMEOUT + 1_000);
    const events = this.told.filter((line) => !/^(SIGTERM|closed|listening|starting|not started)/.test(line));
    expect(events.at(-1)).toBe('database closed');
    expect(events.indexOf('database is told')).toBe(events.length - 2);
    expect(this.told.join()).not.toMatch(/QUERY|Error/);
  }
}

/** Peers that have connected and answer nothing: of a WebSocket that is not read, of polling, of a POST that does not end. */
async function connectSilent(port: number): Promise<void> {
  const websocket = new RawSocket(port);
  websocket.write(rawUpgrade('/socket.io/?EIO=4&transport=websocket'));
  await websocket.arrival('101 Switching Protocols');
  websocket.write(maskedText('40'));
  await websocket.arrival('40{');
  websocket.socket.pause();
  const url = `http://127.0.0.1:${port}/socket.io/`;
  await openPolling(url);
  const { sid } = await openPolling(url);
  const post = new RawSocket(port);
  post.write(`POST /socket.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n4`);
}

function maskedText(text: string): Buffer {
  return Buffer.concat([Buffer.of(0x81, 0x80 | text.length, 0, 0, 0, 0), Buffer.from(text)]);
}

class Client {
  readonly heard: unknown[] = [];
  readonly gone: Promise<void>;

  constructor(readonly socket: ClientSocket) {
    socket.on('bye', (word) => this.heard.push(word));
    this.gone = new Promise((resolve) => socket.once('disconnect', () => resolve()));
  }
}

function connectBoth(port: number): Promise<Client[]> {
  const url = `http://127.0.0.1:${port}`;
  return Promise.all(
    ['polling', 'websocket'].map(
      async (transport) => new Client(await connectClient(url, { transports: [transport] })),
    ),
  );
}

/** An application that is open, with clients and silent peers. */
async function startOpen(platform: Platform, ending: Ending): Promise<{ child: Child; clients: Client[] }> {
  const child = new Child(platform, ending);
  const port = await child.port();
  const clients = await connectBoth(port);
  await connectSilent(port);
  return { child, clients };
}

async function expectGoodbyes(clients: readonly Client[]): Promise<void> {
  for (const { gone, heard } of clients) {
    await within(gone, 'the client is disconnected', PATIENCE);
    expect(heard).toEqual(['first', 'second']);
  }
}

/** The application in one file with the package, the names of functions as short as they get. */
async function bundleApplication(): Promise<string> {
  const root = path.resolve(import.meta.dirname, '../..');
  const folder = mkdtempSync(path.join(root, '.cache/bundle-'));
  cleanup(() => rmSync(folder, { recursive: true }));
  const outfile = path.join(folder, 'application.mjs');
  await build({
    entryPoints: [APPLICATION],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    alias: { 'nestjs-socketio': path.join(root, 'dist/esm/index.js') },
    banner: { js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);` },
  });
  return outfile;
}

it.each([...PLATFORMS.map((platform) => [platform, 'as published'] as const), ['fastify', 'minified'] as const])(
  'an end that a handler awaits does not wait for the handler: %s, %s',
  async (platform, how) => {
    const child = new Child(platform, 'close', how === 'minified' ? await bundleApplication() : APPLICATION);
    const [client] = await connectBoth(await child.port());
    client.socket.emit('restart');
    await expectGoodbyes([client]);
    expect(await within(child.ended, 'the application to end', PATIENCE)).toMatchObject({ code: 0, signal: null });
    const took = Number((await child.tells('closed by a handler')).split(' ').at(-1));
    expect(took).toBeLessThan(TIMEOUT);
    expect(child.told.at(-2)).toBe('database closed');
  },
  30_000,
);

describe.each(PLATFORMS)('SIGTERM on %s', (platform) => {
  it('while the application starts: it ends without having served', async () => {
    // Without them Nest would go on to listen after `app.close()`.
    const child = new Child(platform, 'hooks');
    await child.tells('starting');
    child.terminate();
    await child.endsWell();
  }, 30_000);

  it.each<Ending>(['close', 'hooks'])(
    'while it is open, with clients and silent peers: %s',
    async (ending) => {
      const { child, clients } = await startOpen(platform, ending);
      child.terminate();
      await expectGoodbyes(clients);
      await child.endsWell();
      expect(child.told.filter((line) => line === 'left').length).toBeGreaterThanOrEqual(3);
    },
    30_000,
  );

  it('while it drains, of itself and after a first SIGTERM', async () => {
    for (const first of ['shutdown()', 'SIGTERM']) {
      const { child, clients } = await startOpen(platform, 'close');
      if (first === 'SIGTERM') child.terminate();
      else child.ask('shutdown');
      await child.tells('said goodbye');
      child.terminate();
      await expectGoodbyes(clients);
      await child.endsWell();
    }
  }, 60_000);

  it.each<Ending>(['close', 'hooks'])(
    'while it closes, with handlers in flight and one that never ends: %s',
    async (ending) => {
      const { child, clients } = await startOpen(platform, ending);
      child.terminate();
      await child.tells('said goodbye');
      // First: once no handler runs any more, the application closes, and takes nothing that comes late.
      clients[0].socket.emit('stuck');
      await child.tells('stuck began');
      const acks = clients.map(({ socket }) => socket.emitWithAck('slow') as Promise<unknown>);
      await child.tells('slow began');
      child.terminate();
      expect(await within(Promise.all(acks), 'the acks of handlers in flight', PATIENCE)).toEqual(['slow', 'slow']);
      await expectGoodbyes(clients);
      await child.endsWell();
    },
    30_000,
  );
});
