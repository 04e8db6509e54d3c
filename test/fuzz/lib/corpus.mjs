import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../corpus/', import.meta.url));

/**
 * Inputs that once broke something: each run begins with them.
 *
 * @param {string} target
 * @returns {{ name: string; input: Buffer }[]}
 */
export function readCorpus(target) {
  const folder = join(root, target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => ({ name, input: readFileSync(join(folder, name)) }));
}

/**
 * Keeps an input; gives the file's path.
 *
 * @param {string} target
 * @param {Uint8Array} input
 */
export function addToCorpus(target, input) {
  const folder = join(root, target);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, createHash('sha1').update(input).digest('hex').slice(0, 12));
  writeFileSync(file, input);
  return file;
}
