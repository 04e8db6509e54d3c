import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { cleanup } from '../../support/cleanup.js';
import { buildPackage } from '../../support/sample.js';

const root = path.resolve(import.meta.dirname, '../../..');

const CONTRACT = `
  import { defineContract, event } from 'nestjs-socketio/contract';
  import { z } from 'zod';
  export const tea = defineContract('/tea', { in: { pour: event(z.string()).ack(z.number()) } });`;

const APP = `
  import { Injectable, Module } from '@nestjs/common';
  import { Ack, Gateway, MessageBody, SocketIoModule } from 'nestjs-socketio';
  import { tea } from './tea.contract.js';
  @Injectable() class Database { constructor() { throw new Error('there is no database here'); } }
  @Gateway(tea) class TeaGateway {
    constructor(private readonly database: Database) {}
    @Ack(tea.in.pour) pour(@MessageBody(tea.in.pour) kind: string) { return kind.length; }
  }
  @Module({ imports: [SocketIoModule.forRoot()], providers: [TeaGateway, Database] })
  export class AppModule {}`;

const APP_WITHOUT_CONTRACT = `
  import { Module } from '@nestjs/common';
  import { Ack, Gateway, SocketIoModule } from 'nestjs-socketio';
  @Gateway() class TeaGateway { @Ack('pour') pour() { return 1; } }
  @Module({ imports: [SocketIoModule.forRoot()], providers: [TeaGateway] })
  export class AppModule {}`;

/** An application as its author has it, with the packages of this one. */
function createProject(type: 'module' | 'commonjs', files: Record<string, string>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'asyncapi-'));
  cleanup(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(path.join(folder, 'node_modules'));
  for (const name of ['@nestjs', '@types', 'rxjs', 'reflect-metadata', 'zod', 'typescript']) {
    symlinkSync(path.join(root, 'node_modules', name), path.join(folder, 'node_modules', name));
  }
  symlinkSync(root, path.join(folder, 'node_modules/nestjs-socketio'));
  const compilerOptions = {
    module: type === 'module' ? 'nodenext' : 'node16',
    moduleResolution: type === 'module' ? 'nodenext' : 'node16',
    target: 'es2022',
    strict: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    outDir: 'dist',
    incremental: true,
  };
  const all = {
    'package.json': JSON.stringify({ name: 'tea', version: '2.1.0', type }),
    'tsconfig.json': JSON.stringify({ compilerOptions, include: ['src'] }),
    ...files,
  };
  for (const [name, content] of Object.entries(all)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return folder;
}

function run(folder: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(root, 'dist/esm/cli/main.js'), 'asyncapi', ...args],
    { cwd: folder, encoding: 'utf8' },
  );
  return { status, stdout, stderr };
}

describe('nestjs-socketio asyncapi', () => {
  beforeAll(() => buildPackage(), 120_000);

  it.each(['module', 'commonjs'] as const)(
    'reads the root module of an application (%s) without starting it',
    (type) => {
      const folder = createProject(type, { 'src/tea.contract.ts': CONTRACT, 'src/app.module.ts': APP });
      const before = readdirSync(folder).sort();
      const { status, stdout, stderr } = run(folder, 'src/app.module.ts');
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(parse(stdout)).toMatchObject({
        asyncapi: '3.0.0',
        info: { title: 'tea', version: '2.1.0' },
        channels: { tea: { address: '/tea' } },
        operations: { 'tea.receive.pour': { action: 'receive' } },
      });
      expect(readdirSync(folder).sort()).toEqual(before);
    },
  );

  it('writes the file, and tells a CI whether it is still the same', () => {
    const folder = createProject('module', { 'tea.contract.js': CONTRACT });
    const args = ['tea.contract.js', '--out', 'asyncapi.yaml'];
    expect(run(folder, ...args, '--check')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('does not exist'),
    });
    expect(run(folder, ...args)).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(run(folder, ...args, '--check')).toEqual({ status: 0, stdout: '', stderr: '' });
    writeFileSync(path.join(folder, 'tea.contract.js'), CONTRACT.replace('z.number()', 'z.string()'));
    const { status, stderr } = run(folder, ...args, '--check');
    expect(status).toBe(1);
    expect(stderr).toMatch(/asyncapi\.yaml differs from the application at line \d+/);
  });

  it('tells of an application without a contract, and writes the empty document', () => {
    const folder = createProject('module', { 'src/app.module.ts': APP_WITHOUT_CONTRACT });
    const { status, stdout, stderr } = run(folder, 'src/app.module.ts');
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: 'No gateway has a contract: the document has no events.\n',
    });
    expect(parse(stdout)).toMatchObject({ channels: {} });
  });

  it('takes JSON, names, servers and compiled files', () => {
    const folder = createProject('module', { 'tea.contract.js': CONTRACT });
    const { status, stderr } = run(
      folder,
      'tea.contract.js',
      ...['--out', 'events.json', '--title', 'Tea room', '--api-version', '3', '--description', 'All of it'],
      ...['--server', 'production=wss://tea.example/socket.io', '--server', 'local=ws://localhost:3000'],
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(readFileSync(path.join(folder, 'events.json'), 'utf8'))).toMatchObject({
      info: { title: 'Tea room', version: '3', description: 'All of it' },
      servers: {
        production: { host: 'tea.example', protocol: 'wss', pathname: '/socket.io' },
        local: { host: 'localhost:3000', protocol: 'ws' },
      },
    });
  });

  it.each([
    [[], 'No file is given'],
    [['src/gone.ts'], 'does not exist'],
    [['plain.js'], 'exports neither a Nest module nor a contract'],
    [['src/broken.ts'], 'broken.ts'],
    [['date.js'], 'The argument 0 of the event "pick" in /dates has no JSON Schema'],
    [['plain.js', '--check'], '--check needs --out'],
    [['plain.js', '--server', 'nowhere'], '--server takes <name>=<url>'],
    [['src/broken.ts', '--project', 'gone.json'], 'does not exist'],
    [['plain.js', '--colour'], "'--colour'"],
  ])('says what is wrong with %j', (args, message) => {
    const folder = createProject('module', {
      'plain.js': 'export const answer = 42;',
      'src/broken.ts': 'export const = ;',
      'date.js': `
        import { defineContract, event } from 'nestjs-socketio/contract';
        import { z } from 'zod';
        export const dates = defineContract('/dates', { in: { pick: event(z.date()) } });`,
    });
    const { status, stdout, stderr } = run(folder, ...args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
  });

  it('explains itself', () => {
    expect(run(root, '--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--out <file>') });
  });
});
