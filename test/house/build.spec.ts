/** Two builds at once, as far as they meet: in the moment when each puts its folder in the place of dist. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { cleanup } from '../support/cleanup.js';

const SCRIPT = pathToFileURL(path.resolve(import.meta.dirname, '../../.scripts/replace-folder.mjs')).href;

/** Replaces `dist` by folders with ten equal files, again and again. */
const BUILDER = `
  import { mkdirSync, writeFileSync } from 'node:fs';
  import { replaceFolder } from '${SCRIPT}';
  const name = process.argv[1];
  for (let build = 0; build < 20; build++) {
    const whole = name + build;
    mkdirSync(whole);
    for (let file = 0; file < 10; file++) writeFileSync(whole + '/' + file, whole.repeat(1000));
    replaceFolder('dist', whole, name + 'before');
  }`;

describe('replaceFolder()', () => {
  it('leaves one whole folder if several processes replace the same one, and nothing beside it', async () => {
    const cwd = mkdtempSync(path.join(tmpdir(), 'replace-folder-'));
    cleanup(() => rmSync(cwd, { recursive: true, force: true }));
    const build = (name: string): Promise<unknown> =>
      promisify(execFile)(process.execPath, ['--input-type=module', '-e', BUILDER, name], { cwd });
    let torn = 0;
    const builds = Promise.all(['a', 'b', 'c'].map(build)).then(() => true);
    const first = path.join(cwd, 'dist/0');
    // In the moment between two renames there is none.
    while (!(await Promise.race([builds, nextTurn()]))) if (existsSync(first) && sizeOf(first) === 0) torn++;
    expect(torn).toBe(0);
    expect(readdirSync(cwd)).toEqual(['dist']);
    const files = readdirSync(path.join(cwd, 'dist')).map((file) => readFileSync(path.join(cwd, 'dist', file), 'utf8'));
    expect(files).toHaveLength(10);
    expect(new Set(files).size).toBe(1);
  });
});

function nextTurn(): Promise<false> {
  return new Promise((resolve) => setImmediate(resolve, false));
}

/** Infinity for a file that has gone since. */
function sizeOf(file: string): number {
  try {
    return readFileSync(file).length;
  } catch {
    return Infinity;
  }
}
