/**
 * Runs the package as applications use it, and the tests of its Nest layer on every version of Nest that it claims.
 *
 *   npm run test:matrix                  everything, on Node 20, 22 and 24, Bun and Deno; wants the network and about 20 minutes
 *   npm run test:matrix -- --short       the projects, on this Node only, each compiled once: what .ci/run runs
 *   npm run test:matrix -- --only nest   what has "nest" in its name
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: { short: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
});
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const projects = path.join(root, 'test/package');
const workshop = mkdtempSync(path.join(tmpdir(), 'matrix-'));

const NODES = options.short ? [null] : [20, 22, 24];
const NEST_PACKAGES = [
  'common',
  'core',
  'platform-express',
  'platform-fastify',
  'platform-socket.io',
  'testing',
  'websockets',
];

/** What is run in each project, as arguments of node; ends with 0 where all is well. */
const PROJECTS = {
  'nest11-cjs': [['node_modules/jest/bin/jest.js']],
  'nest12-vitest': [['node_modules/vitest/vitest.mjs', 'run']],
  'nest12-jest': [['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js']],
  workspace: [
    ['node_modules/typescript/bin/tsc', '-p', 'packages/chat/tsconfig.esm.json'],
    ['node_modules/typescript/bin/tsc', '-p', 'packages/chat/tsconfig.cjs.json'],
    ...['cjs-app', 'esm-app'].flatMap((app) => [
      ['node_modules/typescript/bin/tsc', '-p', `packages/${app}`],
      [`packages/${app}/compiled/main.js`],
    ]),
    ['--no-experimental-require-module', '--no-warnings', 'packages/cjs-app/compiled/main.js'],
  ],
  runtimes: [['node_modules/typescript/bin/tsc'], ['server.mjs'], ['channels.mjs'], ['module.js']],
  'opentelemetry-3': [['spans.mjs']],
  'plain-node': [['echo.mjs'], ['echo.cjs'], ['--no-experimental-require-module', '--no-warnings', 'echo.cjs']],
};

/** The compilers of a Nest project, and what 6.0 has to be told of an option that is old. The project checks libraries too. */
const COMPILERS = {
  'nest11-cjs': [['typescript'], ['typescript-6.0', '--ignoreDeprecations', '6.0']],
  'nest12-vitest': [['typescript-5.9'], ['typescript']],
  'nest12-jest': [['typescript']],
};

/** What each Nest project gets beside its own files. */
const SHARED = ['gateway.test.ts', 'contract.test.ts', 'compiler-texts.mjs'];

/** A block that begins with the name of its file. */
const NAMED_BLOCK = /^```ts\n\/\/ ([\w.]+\.ts)[^\n]*\n(.*?)^```$/gms;

/** Other programs that run JavaScript, and how: from npm, in their newest version. */
const RUNTIMES = { bun: ['bun'], deno: ['deno', 'run', '--allow-all'] };

const results = [];
try {
  const tarball = pack();
  for (const [name, steps] of Object.entries(PROJECTS))
    if (name.includes(options.only)) tryProject(name, steps, tarball);
  if (!options.short) for (const version of ['11.0.1', '11', '12']) tryNest(version);
} finally {
  rmSync(workshop, { recursive: true, force: true });
}
for (const { name, node, failure, seconds } of results) {
  console.log(`${failure ? 'FAILED' : 'passed'}  ${name.padEnd(24)} ${node.padEnd(12)} ${seconds.toFixed(0)} s`);
}
process.exitCode = results.length === 0 || results.some(({ failure }) => failure) ? 1 : 0;

function pack() {
  run(root, 'npm', ['run', '--silent', 'build']);
  run(root, 'npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', workshop]);
  return path.join(
    workshop,
    readdirSync(workshop).find((file) => file.endsWith('.tgz')),
  );
}

function tryProject(name, steps, tarball) {
  const folder = path.join(workshop, name);
  cpSync(path.join(projects, name), folder, { recursive: true });
  if (name in COMPILERS) {
    for (const file of SHARED) cpSync(path.join(projects, file), path.join(folder, file));
    cpSync(path.join(root, 'test/contract-first/types'), path.join(folder, 'types'), { recursive: true });
    writePage(path.join(folder, 'readme'), 'README.md');
    writePage(path.join(folder, 'contracts'), 'README.md', 'docs/contracts.md');
  }
  if (name === 'workspace') installWorkspace(folder, tarball);
  else install(folder, tarball);
  for (const [compiler, ...args] of compilersOf(name)) {
    const tsc = [`node_modules/${compiler}/bin/tsc`, ...args];
    attempt(`${name}, ${compiler}`, null, () => {
      runNode(folder, null, [...tsc, '--noEmit']);
      runNode(folder, null, ['compiler-texts.mjs', ...tsc]);
    });
  }
  for (const node of NODES) attempt(name, node, () => steps.forEach((step) => runNode(folder, node, step)));
  if (name !== 'runtimes' || options.short) return;
  for (const [runtime, command] of Object.entries(RUNTIMES)) {
    // The first step has compiled what the others run.
    const runs = steps.slice(1).map((step) => ['--yes', '-p', runtime, ...command, ...step]);
    attempt(name, runtime, () => runs.forEach((args) => run(folder, 'npx', args)));
  }
}

/** In the short run one of each: Nest 11 with TypeScript 5, Nest 12 with 6. */
function compilersOf(name) {
  const all = COMPILERS[name] ?? [];
  if (!options.short) return all;
  return name === 'nest12-vitest' ? [] : all.filter(([compiler]) => compiler === 'typescript');
}

/** The files that someone copies from pages; the later page wins. */
function writePage(folder, ...pages) {
  mkdirSync(folder);
  for (const page of pages) {
    for (const [, name, code] of readFileSync(path.join(root, page), 'utf8').matchAll(NAMED_BLOCK)) {
      writeFileSync(path.join(folder, name), code);
    }
  }
}

/** The package of the contract has a copy of its own, as if it had been released at another time. */
function installWorkspace(folder, tarball) {
  const other = path.join(folder, 'other');
  mkdirSync(other);
  run(other, 'tar', ['--extract', '--strip-components=1', '--file', tarball]);
  run(other, 'npm', ['version', '--silent', '--no-git-tag-version', '0.0.1']);
  run(other, 'npm', ['pack', '--silent', '--ignore-scripts']);
  const copies = { chat: path.join(other, 'nestjs-socketio-0.0.1.tgz'), 'cjs-app': tarball, 'esm-app': tarball };
  for (const [name, copy] of Object.entries(copies)) {
    const home = path.join(folder, 'packages', name);
    if (name !== 'chat') cpSync(path.join(folder, 'main.ts'), path.join(home, 'src/main.ts'));
    const manifest = JSON.parse(readFileSync(path.join(home, 'package.json'), 'utf8'));
    manifest.dependencies['nestjs-socketio'] = `file:${copy}`;
    writeFileSync(path.join(home, 'package.json'), JSON.stringify(manifest));
  }
  install(folder);
}

/** A copy of the repository with another Nest, and the tests of the Nest layer in it. */
function tryNest(version) {
  const name = `test/nest on Nest ${version}`;
  if (!name.includes(options.only)) return;
  const folder = path.join(workshop, `nest-${version}`);
  mkdirSync(folder);
  const files = run(root, 'git', ['ls-files', '--cached', '--others', '--exclude-standard'], 'pipe').trim().split('\n');
  for (const file of files) cpSync(path.join(root, file), path.join(folder, file));
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  for (const one of NEST_PACKAGES) manifest.devDependencies[`@nestjs/${one}`] = version;
  // Which are not released with each version of the others.
  for (const one of ['platform-ws', 'microservices']) {
    manifest.devDependencies[`@nestjs/${one}`] = version.split('.', 1)[0];
  }
  delete manifest.devDependencies['@nestjs/cli'];
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  rmSync(path.join(folder, 'package-lock.json'));
  install(folder, '--legacy-peer-deps');
  const jest = [
    '--experimental-vm-modules',
    '--no-warnings',
    'node_modules/jest/bin/jest.js',
    '--config',
    'test/jest.config.mjs',
    'test/nest',
  ];
  for (const node of NODES) attempt(name, node, () => runNode(folder, node, jest));
}

function attempt(name, node, work) {
  const started = performance.now();
  const title = node === null ? process.version : typeof node === 'number' ? `Node ${node}` : node;
  console.log(`\n==> ${name}, ${title}`);
  let failure = null;
  try {
    work();
  } catch (error) {
    failure = error;
    console.error(error.message);
  }
  results.push({ name, node: title, failure, seconds: (performance.now() - started) / 1_000 });
}

function runNode(folder, node, args) {
  if (node === null) run(folder, process.execPath, args);
  else run(folder, 'npx', ['--yes', '-p', `node@${node}`, 'node', ...args]);
}

function install(folder, ...args) {
  run(folder, 'npm', ['install', '--no-audit', '--no-fund', '--silent', ...args]);
}

function run(cwd, command, args, output = 'inherit') {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', output, 'inherit'] });
}
