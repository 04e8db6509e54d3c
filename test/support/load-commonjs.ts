import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const { resolve } = createRequire(import.meta.url);

type Exports = Record<string, unknown>;

/**
 * Loads a CommonJS package that requires ES modules, as Node does; Jest can do so from Node 24.9 on. What it requires
 * from other packages is imported first, so that it shares Nest with the tests.
 */
export async function loadCommonJs<T>(name: string): Promise<T> {
  const files = new Map<string, string>();
  const packages = new Set<string>();
  collect(resolve(name), files, packages);
  const imported = new Map<string, unknown>();
  for (const each of packages) imported.set(each, await import(each));
  const loaded = new Map<string, Exports>();

  function load(file: string): Exports {
    const present = loaded.get(file);
    if (present !== undefined) return present;
    const exports: Exports = {};
    loaded.set(file, exports);
    const require = (id: string): unknown => imported.get(id) ?? load(fileOf(file, id));
    // oxlint-disable-next-line no-new-func -- what a module loader does
    new Function('exports', 'require', files.get(file)!)(exports, require);
    return exports;
  }
  return load(resolve(name)) as T;
}

/** The files of a package that lead from one, and the packages that they require. */
function collect(file: string, files: Map<string, string>, packages: Set<string>): void {
  if (files.has(file)) return;
  const text = readFileSync(file, 'utf8');
  files.set(file, text);
  for (const [, id] of text.matchAll(/require\("([^"]+)"\)/g)) {
    if (id.startsWith('.')) collect(fileOf(file, id), files, packages);
    else packages.add(id);
  }
}

function fileOf(from: string, id: string): string {
  return resolve(path.resolve(path.dirname(from), id));
}
