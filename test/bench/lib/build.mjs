import { execSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const outputs = ['dist/esm/index.js', 'dist/esm/server.js', '.cache/modules/server.js'].map((file) => join(root, file));

/** Builds the package when a source is newer than what is built, so that no stale build is measured. */
export function buildWhenStale() {
  if (!existsSync(join(root, 'src/index.ts'))) return;
  if (Math.min(...outputs.map(modified)) > newestSource()) return;
  execSync('npm run build', { cwd: root, stdio: 'inherit' });
}

function newestSource() {
  const files = readdirSync(join(root, 'src'), { recursive: true });
  return Math.max(...files.map((file) => modified(join(root, 'src', file))));
}

function modified(file) {
  return existsSync(file) ? statSync(file).mtimeMs : 0;
}
