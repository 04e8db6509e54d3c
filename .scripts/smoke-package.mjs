/** Packs the package, installs the tarball into an empty project and loads it as an application would. Needs a build. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const project = mkdtempSync(path.join(tmpdir(), 'smoke-'));

// The construct call runs Object's constructor; it throws a TypeError when Server is not a constructor itself.
const assertServer = `
  Reflect.construct(Object, [], loaded.Server);
  console.log('typeof ' + typeof loaded);`;
const assertLoaded = `
  if (Object.keys(loaded).length === 0) throw new Error('nothing is exported');
  console.log('typeof ' + typeof loaded);`;
// Without the optional peer socket.io-client.
const assertTesting = `
  const { createServer } = process.getBuiltinModule('node:http');
  loaded.createTestClient(createServer()).then(
    () => { throw new Error('a client was created'); },
    (error) => {
      if (!error.message.includes('npm i -D socket.io-client')) throw error;
      console.log('typeof ' + typeof loaded);
    },
  );`;

/** Without a client of Redis or PostgreSQL: users hand theirs in. */
const assertLedger = `
  if (typeof loaded.memoryLedger().adapter !== 'function') throw new Error('no ledger');
  console.log('typeof ' + typeof loaded);`;

try {
  run(root, 'npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', project);
  const tarball = readdirSync(project).find((file) => file.endsWith('.tgz'));
  writeFileSync(path.join(project, 'package.json'), '{ "private": true }\n');

  // First without peers, which are optional: nothing behind './server', './testing' or './ledger' may need Nest.
  install(`./${tarball}`);
  if (existsSync(path.join(project, 'node_modules/@nestjs'))) throw new Error('Nest is installed with the package');
  expectHint('nestjs-socketio');
  loadEverywhere('nestjs-socketio/server', assertServer);
  loadEverywhere('nestjs-socketio/testing', assertTesting);
  loadEverywhere('nestjs-socketio/ledger', assertLedger);
  // Nest 11, since 12 is ESM only and cannot be loaded where require() takes CommonJS alone.
  install('@nestjs/common@11', '@nestjs/core@11', 'reflect-metadata@0.2', 'rxjs@7');
  loadEverywhere('nestjs-socketio', assertLoaded);
} finally {
  rmSync(project, { recursive: true, force: true });
}

/** As ESM, as CommonJS on a Node that can require ES modules, and as CommonJS from dist/cjs. */
function loadEverywhere(specifier, assertion) {
  writeFileSync(path.join(project, 'main.mjs'), `import * as loaded from '${specifier}';\n${assertion}\n`);
  writeFileSync(path.join(project, 'main.cjs'), `const loaded = require('${specifier}');\n${assertion}\n`);
  console.log(specifier);
  load('main.mjs');
  const kind = load('main.cjs');
  const kindFromCommonJs = load('--no-experimental-require-module', 'main.cjs');
  if (kind !== kindFromCommonJs)
    throw new Error(`require('${specifier}') gives ${kind}, but ${kindFromCommonJs} from dist/cjs`);
}

/** Without Nest the main entry says what to install, under every loader. */
function expectHint(specifier) {
  writeFileSync(path.join(project, 'main.mjs'), `import '${specifier}';\n`);
  writeFileSync(path.join(project, 'main.cjs'), `require('${specifier}');\n`);
  for (const args of [['main.mjs'], ['main.cjs'], ['--no-experimental-require-module', 'main.cjs']]) {
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' });
    if (status === 0) throw new Error(`${specifier} loads without Nest`);
    if (!stderr.includes('npm i @nestjs/common @nestjs/core reflect-metadata rxjs')) {
      throw new Error(`node ${args.join(' ')} does not say what to install:\n${stderr}`);
    }
  }
}

function load(...args) {
  const output = run(project, process.execPath, '--no-warnings', ...args);
  process.stdout.write(`  node ${args.join(' ')}: ${output}`);
  return output;
}

function install(...args) {
  run(project, 'npm', 'install', '--no-audit', '--no-fund', '--silent', ...args);
}

function run(cwd, command, ...args) {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
