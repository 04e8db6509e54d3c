import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { within } from '../../support/until.js';

/** For a server to start or to end, on a machine that runs other tests beside it. */
const PATIENCE = 15_000;

export interface DaemonOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** What it prints once it can be used. */
  readonly ready: RegExp;
  /** The folder it runs in. */
  readonly cwd?: string;
  /** The user it runs as; this process has to be root. */
  readonly user?: UserIds | undefined;
}

export interface UserIds {
  readonly uid: number;
  readonly gid: number;
}

/** A server of somebody else's, as a process of its own. */
export class Daemon {
  private constructor(
    private readonly child: ChildProcess,
    private readonly closed: Promise<unknown>,
    /** What said that it is ready. */
    readonly greeting: RegExpExecArray,
  ) {}

  /** Resolves once it can be used; rejects with what it printed where it ends before. */
  static async start({ program, args, ready, cwd, user }: DaemonOptions): Promise<Daemon> {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], ...user });
    const closed = once(child, 'close');
    closed.catch(() => {});
    try {
      const greeting = await within(printed(child, ready), `${program} to be ready`, PATIENCE);
      return new Daemon(child, closed, greeting);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** Neither runs nor closes its connections from now on. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  /** Sends the signal and waits for the end. Idempotent. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    this.child.kill(signal);
    await within(this.closed, `${this.child.spawnfile} to end on ${signal}`, PATIENCE);
  }
}

function printed(child: ChildProcess, text: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let output = '';
    const onOutput = (piece: string): void => {
      output += piece;
      const match = text.exec(output);
      if (match !== null) resolve(match);
    };
    child.stdout!.setEncoding('utf8').on('data', onOutput);
    child.stderr!.setEncoding('utf8').on('data', onOutput);
    child.once('error', reject);
    child.once('close', () => reject(new Error(`${child.spawnfile} ended too soon:\n${output}`)));
  });
}
