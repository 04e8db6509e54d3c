import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { promisify } from 'node:util';
import { cleanup } from './cleanup.js';
import { within } from './until.js';

const root = path.resolve(import.meta.dirname, '../..');
/** For a process to start or to end, on a machine that runs other tests beside it. */
const PATIENCE = 25_000;

export interface RunningSample {
  readonly url: string;
  readonly port: number;
  /** Sends the signal; resolves to how the process ended. */
  stop(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Compiles samples, or all of them, and the package that they import, if they are older than their sources. */
export function buildSamples(...names: string[]): Promise<unknown> {
  return promisify(execFile)(process.execPath, [BUILD, '--if-needed', ...names], { cwd: root });
}

/** Compiles the package if it is older than its sources. */
export function buildPackage(): Promise<unknown> {
  return promisify(execFile)(process.execPath, [BUILD, '--package'], { cwd: root });
}

const BUILD = '.scripts/build-samples.mjs';

/** Starts a sample as a process of its own; resolves once it has printed its address. Killed after the test. */
export async function startSample(
  name: string,
  port = 0,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningSample> {
  const child = spawn(process.execPath, [`sample/${name}/dist/main.js`], {
    cwd: root,
    env: { ...process.env, ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;

  async function stop(signal: NodeJS.Signals): ReturnType<RunningSample['stop']> {
    child.kill(signal);
    const [code, endedBy] = await within(closed, `${name} to end on ${signal}`, PATIENCE);
    return { code, signal: endedBy };
  }
  cleanup(() => stop('SIGKILL'));
  const url = await within(printedAddress(child, name), `${name} to print its address`, PATIENCE);
  return { url, port: Number(new URL(url).port), stop };
}

function printedAddress(child: ChildProcess, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const onOutput = (text: string): void => {
      output += text;
      const address = /http:\/\/[^\s/]+:\d+(?=\s)/.exec(output);
      if (address !== null) resolve(address[0]);
    };
    child.stdout!.setEncoding('utf8').on('data', onOutput);
    child.stderr!.setEncoding('utf8').on('data', onOutput);
    child.once('close', () => reject(new Error(`${name} ended before it listened:\n${output}`)));
  });
}
