/**
 * Builds dist/esm and dist/cjs, with typings, from the one source: two tsc runs that differ in their module format. Few
 * files are then made of each folder, see bundle-folders.mjs, and what needs no Nest exists once, see esm-doors.mjs.
 *
 * It is made in a folder of its own, which takes the place of dist once it is whole: what reads dist meanwhile finds the build
 * before, and of two builds at once the last one stays. A failed build leaves dist as it was.
 *
 * The ES modules as they were compiled are left in .cache/modules, for tests that drive an inner part of the package.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { bundleFolders } from './bundle-folders.mjs';
import { makeDoors } from './esm-doors.mjs';
import { ModuleGraph } from './module-graph.mjs';
import { writeNestHints } from './nest-hint.mjs';
import { replaceFolder } from './replace-folder.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

const formats = [
  { dir: 'esm', type: 'module', flags: [] },
  { dir: 'cjs', type: 'commonjs', flags: ['--module', 'commonjs', '--moduleResolution', 'bundler'] },
];

mkdirSync(path.join(root, '.cache'), { recursive: true });
const workshop = mkdtempSync(path.join(root, '.cache/build-'));
// Also after a failed build.
process.on('exit', () => rmSync(workshop, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
// A folder inside, since the outer one is for this user alone.
const built = path.join(workshop, 'dist');
for (const { dir, flags } of formats) compile('--outDir', path.join(built, dir), ...flags);
for (const { dir, type } of formats)
  writeFileSync(path.join(built, dir, 'package.json'), `${JSON.stringify({ type })}\n`);
const [esm, cjs] = formats.map(({ dir }) => path.join(built, dir));
const modules = path.join(workshop, 'modules');
cpSync(esm, modules, { recursive: true });
exportCallables(cjs);
const { exports: subpaths, bin = {} } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const graph = new ModuleGraph(modules, {
  entries: belowEsm(Object.values(subpaths).map((target) => target.import?.default)),
  programs: belowEsm(Object.values(bin)),
});
const gone = await bundleFolders(graph, esm, cjs);
await makeDoors(graph, esm, cjs, gone);
writeNestHints(esm, cjs);
replaceFolder(path.join(root, '.cache/modules'), modules, path.join(workshop, 'modules-before'));
replaceFolder(path.join(root, 'dist'), built, path.join(workshop, 'before'));

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
