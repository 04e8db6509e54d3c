/**
 * Compiles folders of sample that have a tsconfig.json into a dist of their own, and says what it does.
 *
 *   node .scripts/build-samples.mjs                        all of them; the package must have been built
 *   node .scripts/build-samples.mjs --if-needed 01-chat    this one if it is older than its sources, and the package as well
 *   node .scripts/build-samples.mjs --package              the package alone, if it is older than its sources
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
/** Holds the id of the process that builds: test files run side by side, and each asks for the samples. */
const lock = path.join(root, '.cache/build-samples.lock');

const { values, positionals: wanted } = parseArgs({
  options: { 'if-needed': { type: 'boolean', default: false }, package: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const ifNeeded = values['if-needed'] || values.package;

await takeLock();
try {
  buildAll();
} catch (error) {
  // The compiler has said what is wrong.
  process.exitCode = error.status || 1;
} finally {
  rmSync(lock);
}

function buildAll() {
  // The last file that the build of the package makes.
  const built = path.join(root, 'dist/cjs/package.json');
  if (ifNeeded && isStale(built, ['src', 'tsconfig.json', 'package.json'])) build('the package', '.scripts/build.mjs');
  for (const sample of values.package ? [] : samples()) {
    const main = path.join(root, sample, 'dist/main.js');
    if (ifNeeded && !isStale(main, [`${sample}/src`, `${sample}/tsconfig.json`, built])) {
      console.log(`${sample} is up to date`);
      continue;
    }
    rmSync(path.dirname(main), { recursive: true, force: true });
    build(sample, tsc, '-p', sample, '--noEmitOnError');
  }
}

function samples() {
  const names = readdirSync(path.join(root, 'sample')).filter((name) => wanted.length === 0 || wanted.includes(name));
  return names.map((name) => `sample/${name}`).filter((folder) => existsSync(path.join(root, folder, 'tsconfig.json')));
}

function build(what, ...args) {
  console.log(`building ${what} …`);
  const started = performance.now();
  execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  console.log(`built ${what} in ${((performance.now() - started) / 1_000).toFixed(1)} s`);
}

function isStale(file, sources) {
  if (!existsSync(file)) return true;
  const { mtimeMs } = statSync(file);
  return sources.some((source) => newestChange(path.resolve(root, source)) > mtimeMs);
}

function newestChange(file) {
  const entry = statSync(file);
  if (!entry.isDirectory()) return entry.mtimeMs;
  return Math.max(entry.mtimeMs, ...readdirSync(file).map((name) => newestChange(path.join(file, name))));
}

async function takeLock() {
  mkdirSync(path.dirname(lock), { recursive: true });
  while (!tryLock()) await setTimeout(100);
}

function tryLock() {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  if (!isHeld()) rmSync(lock, { force: true });
  return false;
}

/** Whether the process that took the lock still lives; one that was killed could not give it back. */
function isHeld() {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
    return true;
  } catch (error) {
    // ENOENT: given back just now.
    return error.code !== 'ESRCH';
  }
}
