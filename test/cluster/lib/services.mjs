/** Redis and PostgreSQL for the fleet, as processes of their own. */
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../../support/free-port.mjs';

export class RedisProcess {
  #child = null;
  #folder = mkdtempSync(path.join(tmpdir(), 'chaos-redis-'));
  port = 0;

  get url() {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Started again, it has what it had: every write is on disk. */
  async start() {
    this.port ||= await freePort();
    const options = [
      '--port',
      this.port,
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      // The file of each second may lack what was answered in it: see docs/clusters.md.
      '--appendonly',
      'yes',
      '--appendfsync',
      'always',
      '--dir',
      this.#folder,
    ];
    this.#child = spawn('redis-server', options.map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
    await printed(this.#child, /Ready to accept connections/);
  }

  kill(signal = 'SIGKILL') {
    return ended(this.#child, signal);
  }

  signal(signal) {
    this.#child.kill(signal);
  }

  async end() {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export class PostgresProcess {
  #child = null;
  #folder = mkdtempSync(path.join(tmpdir(), 'chaos-postgres-'));
  port = 0;

  get url() {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  async start() {
    const bin = postgresFolder();
    const user = unprivileged();
    if (user !== undefined) chownSync(this.#folder, user.uid, user.gid);
    const data = path.join(this.#folder, 'data');
    const settings = { cwd: this.#folder, ...user };
    if (!existsSync(data)) {
      const options = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
      execFileSync(path.join(bin, 'initdb'), ['--pgdata', data, ...options], { ...settings, stdio: 'ignore' });
    }
    this.port ||= await freePort();
    const options = ['-D', data, '-h', '127.0.0.1', '-p', String(this.port), '-k', this.#folder, '-c', 'fsync=off'];
    this.#child = spawn(path.join(bin, 'postgres'), options, { ...settings, stdio: ['ignore', 'ignore', 'pipe'] });
    await printed(this.#child, /ready to accept connections/);
  }

  kill(signal = 'SIGQUIT') {
    return ended(this.#child, signal);
  }

  signal(signal) {
    this.#child.kill(signal);
  }

  async end() {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function printed(child, pattern) {
  return new Promise((resolve, reject) => {
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        output = (output + text).slice(-4_000);
        if (pattern.test(output)) resolve();
      });
    }
    child.once('exit', () => reject(new Error(`${child.spawnfile} ended:\n${output}`)));
    child.once('error', reject);
  });
}

async function ended(child, signal) {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGCONT');
  child.kill(signal);
  await new Promise((resolve) => child.once('exit', resolve));
}

function postgresFolder() {
  const root = '/usr/lib/postgresql';
  const [newest] = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  return path.join(root, newest, 'bin');
}

/** PostgreSQL refuses to run as root. */
function unprivileged() {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => each.startsWith('postgres:'));
  const [, , uid, gid] = line.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}
