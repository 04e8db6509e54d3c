/** How each client is made ready and run: in a folder of the user's cache, from the registry of its language. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const SOURCES = path.join(import.meta.dirname, 'clients');
const CACHE = path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'nestjs-socketio', 'ecosystem');

/** The last version of each minor of the official client that speaks Engine.IO 4, and the last that speaks 3. */
const OFFICIAL = [
  '2.5.0',
  '3.0.5',
  '3.1.3',
  '4.0.2',
  '4.1.3',
  '4.2.0',
  '4.3.2',
  '4.4.1',
  '4.5.4',
  '4.6.2',
  '4.7.5',
  '4.8.4',
];
const BUN = '1.4.5';
const DENO = '2.9.6';

/**
 * @typedef {object} Client
 * @property {string} name
 * @property {string} tool the program without which it is left out
 * @property {() => (url: string, transports: string) => string[]} prepare what to run
 */

/** @type {Client[]} */
export const CLIENTS = [
  ...OFFICIAL.map((version) => javascript('node', version)),
  ...['2.5.0', '3.1.3', '4.8.4'].flatMap((version) => [javascript('bun', version), javascript('deno', version)]),
  { name: 'python sync', tool: 'python3', prepare: () => python('sync') },
  { name: 'python async', tool: 'python3', prepare: () => python('async') },
  { name: 'java', tool: 'mvn', prepare: java },
  { name: 'rust', tool: 'cargo', prepare: () => rust('sync') },
  { name: 'rust async', tool: 'cargo', prepare: () => rust('async') },
  { name: 'go', tool: 'go', prepare: go },
];

function javascript(runtime, version) {
  return {
    name: `${runtime} ${version}`,
    tool: 'node',
    prepare: () => {
      const folder = npmFolder();
      const file = path.join(folder, 'node_modules', aliasOf(version), entryOf(folder, version));
      const runtimes = {
        node: [process.execPath],
        bun: [path.join(folder, 'node_modules/.bin/bun'), 'run'],
        deno: [path.join(folder, 'node_modules/.bin/deno'), 'run', '--no-config', '--node-modules-dir=manual', '-A'],
      };
      return (url, transports) => [...runtimes[runtime], path.join(folder, 'javascript.mjs'), file, url, transports];
    },
  };
}

/** Deno reads packages beside the program, so that is in the folder too. */
function npmFolder() {
  const folder = path.join(CACHE, 'npm');
  mkdirSync(folder, { recursive: true });
  cpSync(path.join(SOURCES, 'javascript.mjs'), path.join(folder, 'javascript.mjs'));
  if (existsSync(path.join(folder, 'node_modules'))) return folder;
  const dependencies = { bun: BUN, deno: DENO };
  for (const version of OFFICIAL) dependencies[aliasOf(version)] = `npm:socket.io-client@${version}`;
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
  run(folder, 'npm', 'install', '--no-audit', '--no-fund', '--loglevel=error');
  return folder;
}

function aliasOf(version) {
  return `socket.io-client-${version}`;
}

/** What `import` of the package's name would load. */
function entryOf(folder, version) {
  const names = ['build/esm/index.js', 'build/index.js', 'lib/index.js'];
  if (version.startsWith('4.') && Number(version.split('.')[1]) >= 3) names.unshift('build/esm-debug/index.js');
  return names.find((name) => existsSync(path.join(folder, 'node_modules', aliasOf(version), name)));
}

function python(kind) {
  const folder = path.join(CACHE, 'python');
  const program = path.join(folder, 'bin', 'python');
  if (!existsSync(program)) {
    run('.', 'python3', '-m', 'venv', folder);
    run('.', program, '-m', 'pip', 'install', '--quiet', 'python-socketio[client]==5.18.1', 'aiohttp');
  }
  return (url, transports) => [program, path.join(SOURCES, 'python', `${kind}_client.py`), url, transports];
}

function java() {
  const folder = path.join(CACHE, 'java');
  cpSync(path.join(SOURCES, 'java'), folder, { recursive: true });
  run(folder, 'mvn', '-q', '-B', 'package', 'dependency:copy-dependencies');
  return (url, transports) => [
    'java',
    '-cp',
    `${folder}/target/classes:${folder}/target/dependency/*`,
    'Client',
    url,
    transports,
  ];
}

function rust(kind) {
  const folder = path.join(CACHE, 'rust');
  cpSync(path.join(SOURCES, 'rust'), folder, { recursive: true });
  run(folder, 'cargo', 'build', '--quiet');
  return (url, transports) => [path.join(folder, 'target/debug', kind), url, transports];
}

function go() {
  const folder = path.join(CACHE, 'go');
  cpSync(path.join(SOURCES, 'go'), folder, { recursive: true });
  run(folder, 'go', 'build', '-mod=mod', '-o', 'client', '.');
  return (url, transports) => [path.join(folder, 'client'), url, transports];
}

function run(folder, command, ...args) {
  execFileSync(command, args, {
    cwd: folder === '.' ? process.cwd() : folder,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}
