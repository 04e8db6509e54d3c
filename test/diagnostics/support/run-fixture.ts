import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

/** Runs a program of `fixtures/` and resolves to what it has printed last, as JSON. It loads the built package. */
export async function runFixture<Printed>(name: string, ...args: string[]): Promise<Printed> {
  const file = path.join(import.meta.dirname, '../fixtures', name);
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...args]);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Printed;
}
