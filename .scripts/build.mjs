/**
 * Builds dist/esm and dist/cjs, with typings, from the one source: two tsc runs that differ in their module format. What
 * needs no Nest then exists once: see esm-doors.mjs.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeDoors } from './esm-doors.mjs';
import { writeNestHints } from './nest-hint.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

const formats = [
  { dir: 'dist/esm', type: 'module', flags: [] },
  { dir: 'dist/cjs', type: 'commonjs', flags: ['--module', 'commonjs', '--moduleResolution', 'bundler'] },
];

rmSync(path.join(root, 'dist'), { recursive: true, force: true });
for (const { dir, flags } of formats) compile('--outDir', dir, ...flags);
exportCallables(path.join(root, 'dist/cjs'));
const { exports: subpaths, bin = {} } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
await makeDoors(path.join(root, 'dist/esm'), path.join(root, 'dist/cjs'), {
  entries: belowEsm(Object.values(subpaths).map((target) => target.import?.default)),
  programs: belowEsm(Object.values(bin)),
});
writeNestHints(path.join(root, 'dist/esm'), path.join(root, 'dist/cjs'));
// Last, so that a build that ended half-way is not taken for a whole one.
for (const { dir, type } of formats)
  writeFileSync(path.join(root, dir, 'package.json'), `${JSON.stringify({ type })}\n`);

function belowEsm(files) {
  return files.filter((file) => file?.startsWith('./dist/esm/')).map((file) => file.slice('./dist/esm/'.length));
}

function compile(...flags) {
  try {
    execFileSync(process.execPath, [tsc, '-p', 'tsconfig.json', '--noEmitOnError', ...flags], {
      cwd: root,
      stdio: 'inherit',
    });
  } catch (error) {
    process.exit(error.status || 1);
  }
}

/**
 * Node hands `require` the export named 'module.exports' when it loads an ES module. tsc keeps that name as an ordinary
 * property, so without this line the CommonJS entry would not be what `require` returns.
 */
function exportCallables(dir) {
  for (const name of readdirSync(dir).filter((file) => file.endsWith('.js'))) {
    const file = path.join(dir, name);
    const code = readFileSync(file, 'utf8');
    if (code.includes('exports["module.exports"]'))
      writeFileSync(file, `${code}module.exports = exports["module.exports"];\n`);
  }
}
