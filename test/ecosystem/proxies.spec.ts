import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createProxyServer } from 'httpxy';
import { memoryLedger } from '../../src/ledger/index.js';
import type { ServerOptions } from '../../src/socketio/index.js';
import { cleanup } from '../support/cleanup.js';
import { freePort } from '../support/free-port.mjs';
import { openClient, WAYS, type ClientOptions } from '../support/official-client.js';
import { describeWith } from '../support/requirements.js';
import { listen, listensAt, startServer, type RunningServer } from '../support/server.js';
import { elapse, nextEvent, until } from '../support/until.js';

const { jest } = import.meta;

/** Polling makes thousands of requests. */
jest.setTimeout(60_000);

const CLIENTS = 30;
const MESSAGES = 8;
const NAMES = ['a', 'b', 'c'];
const KINDS: [string, ClientOptions][] = [
  ['that upgrade', WAYS.upgrade],
  ['that stay on polling', WAYS.polling],
];

describe('a balancer that deals requests out in turn, before servers that hand them on', () => {
  it.each(KINDS)('connects every client of those %s, and loses nothing', async (_what, options) => {
    const servers = await fleet(true);
    await everyClientIsServed(await roundRobin(servers), servers, options);
  });
});

describeWith('nginx', 'nginx, by the rule of the manual', (program) => {
  it.each(KINDS)('connects every client of those %s, and loses nothing', async (_what, options) => {
    const servers = await fleet(false);
    const folder = temporaryFolder();
    const port = await freePort();
    const rule = ruleOf('nginx', servers);
    const file = path.join(folder, 'nginx.conf');
    const log = `error_log ${folder}/error.log; pid ${folder}/pid; daemon off; worker_processes 1;`;
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${folder}/${name};`)
      .join(' ');
    writeFileSync(
      file,
      `${log} events {} http { access_log off; ${paths} ${rule.replace('listen 80', `listen 127.0.0.1:${port}`)} }`,
    );
    await run(program, ['-p', folder, '-c', file, '-e', `${folder}/error.log`], port);
    await everyClientIsServed(`http://127.0.0.1:${port}`, servers, options);
  });
});

describeWith('haproxy', 'HAProxy, by the rule of the manual', (program) => {
  it.each(KINDS)('connects every client of those %s, and loses nothing', async (_what, options) => {
    const servers = await fleet(false);
    const folder = temporaryFolder();
    const port = await freePort();
    const rule = ruleOf('haproxy', servers).replace('bind :80', `bind 127.0.0.1:${port}`);
    const file = path.join(folder, 'haproxy.cfg');
    writeFileSync(file, `${rule}\n`);
    await run(program, ['-db', '-f', file], port);
    await everyClientIsServed(`http://127.0.0.1:${port}`, servers, options);
  });
});

/** Three servers of one ledger; without handing on, a request that comes to the wrong one is refused. */
async function fleet(handsOn: boolean, more: ServerOptions = {}): Promise<RunningServer[]> {
  const urls = new Map<string, string>();
  const urlOf = handsOn ? (name: string) => urls.get(name) : undefined;
  const { adapter, connectionStateRecovery } = memoryLedger();
  const servers: RunningServer[] = [];
  for (const self of NAMES) {
    const server = await startServer({ ...more, adapter, connectionStateRecovery, nodes: { self, urlOf } });
    urls.set(self, server.origin);
    servers.push(server);
  }
  return servers;
}

async function everyClientIsServed(
  url: string,
  servers: readonly RunningServer[],
  options: ClientOptions,
): Promise<void> {
  const clients = Array.from({ length: CLIENTS }, () => openClient(url, options));
  const refused: unknown[] = [];
  for (const client of clients) client.on('connect_error', (error) => refused.push(error));
  const lost: unknown[] = [];
  for (const client of clients) client.on('disconnect', (reason) => lost.push(reason));
  await until(() => clients.every(({ connected }) => connected) || refused.length > 0, 'all are connected', 20_000);
  expect(refused).toEqual([]);
  const heard = clients.map((client) => numbersOf(client));
  for (let i = 0; i < MESSAGES; i++) {
    servers[i % servers.length].io.emit('number', i);
    await Promise.all(clients.map((client) => client.timeout(20_000).emitWithAck('echo', i)));
  }
  if (options.transports!.includes('websocket' as never)) {
    await until(() => clients.every(({ io }) => io.engine.transport.name === 'websocket'), 'all have upgraded', 20_000);
  }
  await until(() => heard.every(({ length }) => length === MESSAGES), 'all have everything', 20_000);
  const numbers = Array.from({ length: MESSAGES }, (_none, i) => i);
  for (const each of heard) expect(each).toEqual(numbers);
  expect(lost).toEqual([]);
  const counts = servers.map(({ io }) => io.engine.clientsCount);
  expect(counts.reduce((sum, count) => sum + count)).toBe(CLIENTS);
  expect(Math.min(...counts)).toBeGreaterThan(0);
}

function numbersOf(client: ReturnType<typeof openClient>): unknown[] {
  const numbers: unknown[] = [];
  client.on('number', (number) => numbers.push(number));
  return numbers;
}

/** Each request, and each upgrade, to the next server. */
async function roundRobin(servers: readonly RunningServer[]): Promise<string> {
  const proxy = createProxyServer();
  let turn = 0;
  const next = (): string => servers[turn++ % servers.length].origin;
  const http = createServer((request, response) => {
    proxy.web(request, response, { target: next() }).catch(() => response.destroy());
  });
  http.on('upgrade', (request: IncomingMessage, socket, head) => {
    socket.on('error', () => {});
    proxy.ws(request, socket as never, { target: next() }, head).catch(() => socket.destroy());
  });
  const port = await listen(http);
  cleanup(() => {
    http.closeAllConnections();
    http.close();
  });
  return `http://127.0.0.1:${port}`;
}

/** The block of the manual, with these servers instead of its own. */
function ruleOf(language: string, servers: readonly RunningServer[]): string {
  const manual = readFileSync(path.join(import.meta.dirname, '../../docs/clusters.md'), 'utf8');
  const block = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(manual)![1];
  return servers.reduce((text, { port }, i) => text.replaceAll(`10.0.0.${i + 1}:3000`, `127.0.0.1:${port}`), block);
}

async function run(program: string, args: readonly string[], port: number): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = nextEvent(child, 'exit', 600_000);
  ended.catch(() => {});
  cleanup(async () => {
    // Killed, nginx leaves its workers behind.
    child.kill('SIGTERM');
    await ended;
  });
  for (let tries = 0; !(await listensAt(port)); tries++) {
    if (child.exitCode !== null || tries > 500) throw new Error(`${program} does not listen: ${output}`);
    await elapse(10);
  }
}

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'proxy-'));
  cleanup(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
