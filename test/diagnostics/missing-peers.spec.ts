import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildPackage } from '../support/sample.js';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** With what `ws`, `cors` and `proxy-addr` depend on. */
const DEPENDENCIES = ['ws', 'cookie', 'cors', 'object-assign', 'vary', 'proxy-addr', 'forwarded', 'ipaddr.js'];

describe('the package without its optional peers', () => {
  const project = mkdtempSync(path.join(tmpdir(), 'peers-'));

  beforeAll(async () => {
    await buildPackage();
    writeFileSync(path.join(project, 'package.json'), '{}');
    const installed = path.join(project, 'node_modules');
    for (const part of ['dist', 'package.json']) {
      cpSync(path.join(ROOT, part), path.join(installed, 'nestjs-socketio', part), { recursive: true });
    }
    for (const name of DEPENDENCIES) {
      cpSync(path.join(ROOT, 'node_modules', name), path.join(installed, name), { recursive: true });
    }
  }, 120_000);
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  /** What loading a door prints: its names, or how it fails. */
  async function load(how: 'import' | 'require', door: string): Promise<string> {
    const name = JSON.stringify(`nestjs-socketio/${door}`);
    const program =
      how === 'import'
        ? `import(${name}).then((m) => console.log(Object.keys(m).join()))`
        : `console.log(Object.keys(require(${name})).join())`;
    const flags = how === 'require' ? ['--no-experimental-require-module'] : [];
    const ran = promisify(execFile)(process.execPath, [...flags, '-e', program], { cwd: project });
    const { stdout, stderr } = await ran.catch((error: { stdout: string; stderr: string }) => error);
    return stdout + stderr;
  }

  it.each([
    ['otel', '@opentelemetry/api'],
    ['prometheus', 'prom-client'],
    ['terminus', '@nestjs/'],
  ])('names what nestjs-socketio/%s needs', async (door, peer) => {
    expect(await load('import', door)).toMatch(new RegExp(`Cannot find (module|package) '${peer}`));
    expect(await load('require', door)).toContain(`Cannot find module '${peer}`);
  });

  it.each([
    ['server', 'Server'],
    ['diagnostics', 'OPERATION_NAMES'],
    ['contract', 'defineContract'],
    ['client', 'request'],
  ])('loads nestjs-socketio/%s', async (door, name) => {
    for (const how of ['import', 'require'] as const) expect((await load(how, door)).split(/[,\n]/)).toContain(name);
  });
});
