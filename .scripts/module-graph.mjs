import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** What only an application of Nest has. From 12 on it is ESM alone, which not every CommonJS loader takes. */
const NEST = /^(@nestjs\/|rxjs|reflect-metadata)/;
const IMPORT = /^\s*(?:import|export)\s[^;'"]*?from\s+['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/gm;

/** Which ES modules there are below a folder, what they import, and how they are handed out. */
export class ModuleGraph {
  /** What each module imports: files by their path below the folder, packages by their name. */
  #imports;
  #kinds;

  /**
   * @param {string} folder of ES modules
   * @param {{ entries: string[], programs: string[] }} roots modules that applications begin with; programs of their own
   */
  constructor(folder, { entries, programs }) {
    this.folder = folder;
    this.entries = entries;
    this.#imports = readModules(folder);
    this.#kinds = this.#findKinds(new Set(programs.map(folderOf)));
  }

  get files() {
    return [...this.#imports.keys()];
  }

  /** Those at the top. */
  get folders() {
    return [...new Set(this.files.map(folderOf))].filter((folder) => folder !== '');
  }

  /**
   * - `plain`: stays as it is. Browsers load what imports nothing from outside, and their bundlers leave out what is not used;
   *   programs of the command line are read module by module
   * - `nest`: exists in both formats, since it needs Nest
   * - `shared`: exists once, as CommonJS
   *
   * @returns {'plain' | 'nest' | 'shared'}
   */
  kindOf(file) {
    return this.#kinds.get(file);
  }

  /** Whether applications begin with a module. */
  isEntry(file) {
    return this.entries.includes(file);
  }

  /** Whether one of these modules imports a module. */
  isImportedBy(file, importers) {
    return importers.some((importer) => this.#imports.get(importer).includes(file));
  }

  /** The names that a module exports. It is run for that. */
  async namesOf(file) {
    return Object.keys(await import(pathToFileURL(path.join(this.folder, file)).href));
  }

  #findKinds(programs) {
    const closures = new Map(this.files.map((file) => [file, this.#closureOf(file)]));
    const forBrowsers = this.entries
      .map((entry) => closures.get(entry))
      .filter(({ packages }) => packages.length === 0);
    const plain = new Set(forBrowsers.flatMap(({ files }) => files));
    const kindOf = (file) => {
      if (plain.has(file) || programs.has(folderOf(file))) return 'plain';
      return closures.get(file).packages.some((name) => NEST.test(name)) ? 'nest' : 'shared';
    };
    return new Map(this.files.map((file) => [file, kindOf(file)]));
  }

  /** Everything that a module needs, also later on. */
  #closureOf(entry) {
    const files = new Set([entry]);
    const packages = new Set();
    for (const file of files) {
      for (const name of this.#imports.get(file)) (this.#imports.has(name) ? files : packages).add(name);
    }
    return { files: [...files], packages: [...packages] };
  }
}

/** The folder at the top that a module is in; empty for one that is in none. */
export function folderOf(file) {
  return file.includes(path.sep) ? file.slice(0, file.indexOf(path.sep)) : '';
}

/** How a module in one folder names a file. */
export function specifierOf(file, folder) {
  const name = path.relative(folder, file).split(path.sep).join('/');
  return name.startsWith('.') ? name : `./${name}`;
}

function readModules(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.js'));
  return new Map(
    files.map((file) => {
      const code = readFileSync(path.join(folder, file), 'utf8');
      const specifiers = [...code.matchAll(IMPORT)].map(([, from, dynamic]) => from ?? dynamic);
      return [file, specifiers.map((name) => (name.startsWith('.') ? path.join(path.dirname(file), name) : name))];
    }),
  );
}
