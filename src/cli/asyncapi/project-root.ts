import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The part of a `package.json` that is used. */
export interface Manifest {
  readonly name?: string;
  readonly version?: string;
}

/** The folder with the `package.json` that a file belongs to, or its own. */
export function rootOf(file: string): string {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, 'package.json'))) return folder;
    if (folder === path.dirname(folder)) return path.dirname(file);
  }
}

export function manifestOf(file: string): Manifest {
  const manifest = path.join(rootOf(file), 'package.json');
  return existsSync(manifest) ? (JSON.parse(readFileSync(manifest, 'utf8')) as Manifest) : {};
}
