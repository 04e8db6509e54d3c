/**
 * Checks everything that can be checked before a release, and writes what it would consist of: the tarball and its SBOM
 * in .cache/release. Publishes nothing. Wants the network, for the SBOM.
 *
 *   npm run release:check
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { contentFaults, manifestFaults, sbomFaults, versionFaults } from './release/checks.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const out = path.join(root, '.cache/release');
const manifest = readJson('package.json');
const faults = [];

check('working tree', () => lines(run('git', 'status', '--porcelain')).map((line) => `not committed: ${line}`));
check('version', () => {
  const tags = lines(run('git', 'tag', '--list'));
  return versionFaults(manifest, readJson('package-lock.json'), read('CHANGELOG.md'), tags);
});
check('manifest', () => manifestFaults(manifest));
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
// Builds, by the script prepack.
const [packed] = JSON.parse(run('npm', 'pack', '--json', '--silent', '--pack-destination', out).replace(/^[^[]*/, ''));
const tarball = path.join(out, packed.filename);
const names = packed.files.map((file) => file.path);
check(`contents: ${names.length} files, ${(packed.size / 1_000).toFixed(0)} kB`, () => contentFaults(manifest, names));
check('publint', () => faultsOf('node_modules/.bin/publint', tarball, '--strict'));
check('types as resolved', () => faultsOf('node_modules/.bin/attw', tarball, '--profile', 'node16'));
check('SBOM', () => {
  const sbom = billOfMaterials();
  writeFileSync(path.join(out, `${manifest.name}-${manifest.version}.cdx.json`), `${JSON.stringify(sbom, null, 2)}\n`);
  return sbomFaults(manifest, sbom);
});

if (faults.length === 0) {
  console.log(`\n${path.relative(root, tarball)} is ready. What is left, and needs a person:`);
  console.log(`  git tag v${manifest.version} && git push --tags`);
  console.log('  npm publish --provenance, from CI');
} else {
  console.error(`\nNot ready: ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}.`);
  process.exitCode = 1;
}

function check(title, find) {
  const found = find();
  console.log(`${found.length === 0 ? 'ok    ' : 'FAILED'}  ${title}`);
  for (const fault of found) console.log(`        ${fault}`);
  faults.push(...found);
}

/** Of a project that has installed nothing but the tarball: what users get. */
function billOfMaterials() {
  const project = mkdtempSync(path.join(tmpdir(), 'release-'));
  try {
    writeFileSync(path.join(project, 'package.json'), '{ "name": "release", "version": "0.0.0", "private": true }\n');
    const quiet = ['--no-audit', '--no-fund', '--silent', '--ignore-scripts', '--legacy-peer-deps'];
    execFileSync('npm', ['install', ...quiet, tarball], { cwd: project, stdio: 'inherit' });
    const sbom = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--legacy-peer-deps'], { cwd: project });
    return JSON.parse(sbom.toString('utf8'));
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

/** What a program prints if it ends with a failure. */
function faultsOf(program, ...args) {
  try {
    run(program, ...args);
    return [];
  } catch (error) {
    return [`${error.stdout}${error.stderr}`.trim()];
  }
}

function run(program, ...args) {
  return execFileSync(program, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function lines(text) {
  return text.split('\n').filter((line) => line !== '');
}

function readJson(file) {
  return JSON.parse(read(file));
}

function read(file) {
  return readFileSync(path.join(root, file), 'utf8');
}
