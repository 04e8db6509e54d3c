import { execFile } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Pool } from 'pg';
import { cleanup } from '../../support/cleanup.js';
import { freePort } from '../../support/free-port.mjs';
import { Daemon, type UserIds } from './daemon.js';

/** A PostgreSQL server with a cluster of its own below the temporary folder, for the tests of one suite. */
export class PostgresServer {
  #daemon: Daemon | null = null;
  #folder = '';
  #port = 0;

  /** Declares the hooks that start and stop the server; to be called while a suite is declared. */
  constructor(private readonly program: string) {
    beforeAll(() => this.#start(), 60_000);
    afterAll(() => this.#stop(), 30_000);
  }

  /**
   * Connections for one server's adapter, with its table. One connection listens and the other one publishes, so that
   * what is published keeps its order.
   */
  async connect(): Promise<Pool> {
    const pool = new Pool({ host: '127.0.0.1', port: this.#port, user: 'postgres', database: 'postgres', max: 2 });
    pool.on('error', () => {});
    cleanup(() => pool.end());
    await pool.query(
      `CREATE TABLE IF NOT EXISTS socket_io_attachments (
        id bigserial UNIQUE, created_at timestamptz DEFAULT NOW(), payload bytea
      )`,
    );
    return pool;
  }

  async #start(): Promise<void> {
    const user = process.getuid?.() === 0 ? unprivilegedUser() : undefined;
    this.#folder = mkdtempSync(path.join(tmpdir(), 'postgres-'));
    if (user !== undefined) chownSync(this.#folder, user.uid, user.gid);
    const cwd = this.#folder;
    const initdb = path.join(path.dirname(realpathSync(this.program)), 'initdb');
    const options = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
    await promisify(execFile)(initdb, ['--pgdata', path.join(cwd, 'data'), ...options], { cwd, ...user });
    this.#port = await freePort();
    this.#daemon = await Daemon.start({
      program: this.program,
      args: [
        ...['-D', path.join(cwd, 'data'), '-h', '127.0.0.1', '-p', String(this.#port), '-k', cwd],
        ...['-c', 'fsync=off', '-c', 'shared_buffers=8MB'],
      ],
      ready: /database system is ready to accept connections/,
      cwd,
      user,
    });
  }

  async #stop(): Promise<void> {
    // Immediate shutdown: there is nothing to keep.
    await this.#daemon?.stop('SIGQUIT');
    if (this.#folder !== '') rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** PostgreSQL refuses to run as root. */
function unprivilegedUser(): UserIds {
  const users = new Map(
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map(([name, , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }]),
  );
  const user = users.get('postgres') ?? users.get('nobody');
  if (user === undefined) throw new Error('there is neither a user postgres nor a user nobody to run PostgreSQL as');
  return user;
}
