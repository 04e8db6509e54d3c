import { renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { rollup } from 'rollup';
import { folderOf, specifierOf } from './module-graph.mjs';
import { packagesOnDemand } from './packages-on-demand.mjs';

/**
 * Makes few files of many, folder by folder, since Node spends more on finding and opening a module than on running it
 * (bench: start). Classes and functions keep their names, which logs and stack traces show, and modules run in the order in
 * which they did. Of a folder remain
 *
 * - what other folders import, with all else of the folder in it
 * - `shared.js`, of a folder that has several kinds of modules: those that exist once, as CommonJS, with all their names
 *
 * Programs stay as they are, and so does what only pages load, which may get it file by file.
 *
 * @param {import('./module-graph.mjs').ModuleGraph} graph of the ES modules as they were compiled
 * @param {string} esm folder of the ES modules, whose place bundles take
 * @param {string} cjs folder of the CommonJS modules, whose place bundles take
 * @returns {Promise<ReadonlySet<string>>} modules that are no files any more
 */
export async function bundleFolders(graph, esm, cjs) {
  const bundles = new Bundles(graph, esm, cjs);
  for (const folder of graph.folders) bundles.plan(folder);
  await bundles.write();
  return bundles.gone;
}

class Bundles {
  gone = new Set();
  /** Modules whose exports another file has, with that file. */
  #moved = new Map();
  #writes = [];
  #graph;
  #roots;

  constructor(graph, esm, cjs) {
    this.#graph = graph;
    this.#roots = { esm, cjs };
  }

  plan(folder) {
    const graph = this.#graph;
    const files = graph.files.filter((file) => folderOf(file) === folder);
    const outside = graph.files.filter((file) => folderOf(file) !== folder);
    const entries = files.filter((file) => graph.isEntry(file) || graph.isImportedBy(file, outside));
    if (!files.some((file) => this.#isBehindServer(file, outside))) return;
    const shared = files.filter((file) => graph.kindOf(file) === 'shared');
    const others = files.filter((file) => graph.kindOf(file) !== 'shared');
    if (others.length === 0) {
      this.#planFiles(folder, entries, shared, ['cjs']);
      return;
    }
    if (shared.length > 0) this.#planShared(folder, shared);
    const remaining = entries.filter((file) => others.includes(file));
    if (remaining.length < others.length) this.#planFiles(folder, remaining, others, ['cjs', 'esm']);
  }

  async write() {
    for (const write of this.#writes) await write();
  }

  /** Whether a server loads a module, by itself or by another one. */
  #isBehindServer(file, outside) {
    const isForServers = this.#graph.isEntry(file) && this.#graph.kindOf(file) !== 'plain';
    return isForServers || this.#graph.isImportedBy(file, outside);
  }

  #planFiles(folder, entries, files, formats) {
    if (entries.length === files.length) return;
    const deep = entries.filter((file) => path.dirname(file) !== folder);
    if (deep.length > 0)
      throw new Error(`what other folders import must be at the top of its folder: ${deep.join(', ')}`);
    this.#remove(files, entries);
    const input = Object.fromEntries(entries.map((file) => [withoutExtension(file), this.#sourceOf(file)]));
    this.#writes.push(async () => {
      for (const format of formats) await this.#write(folder, input, files, format);
      // Of what both formats have, ES modules import the other twin.
      if (formats.length === 1) for (const file of entries) await this.#putInFront(file, [file]);
    });
  }

  #planShared(folder, files) {
    this.#remove(files);
    // Else they have types alone.
    if (!files.some((file) => this.#graph.isImportedBy(file, this.#graph.files))) return;
    const name = path.join(folder, SHARED);
    for (const file of files) this.#moved.set(file, name);
    const code = files.map((file) => `export * from ${JSON.stringify(this.#sourceOf(file))};`).join('\n');
    this.#writes.push(async () => {
      await this.#write(folder, { [withoutExtension(name)]: VIRTUAL }, files, 'cjs', code);
      await this.#putInFront(name, files);
    });
  }

  #remove(files, remaining = []) {
    for (const file of files) {
      for (const root of Object.values(this.#roots)) rmSync(path.join(root, file));
      if (!remaining.includes(file)) this.gone.add(file);
    }
  }

  /**
   * @param {string} folder
   * @param {Record<string, string>} input files to write, without extension, and the modules that they begin with
   * @param {readonly string[]} files that go into them
   * @param {'cjs' | 'esm'} format
   * @param {string} virtual code of the module that is no file
   */
  async #write(folder, input, files, format, virtual = '') {
    const bundled = await rollup({
      input,
      // Bundlers of applications do that.
      treeshake: false,
      makeAbsoluteExternalsRelative: false,
      plugins: [
        format === 'cjs' && packagesOnDemand,
        {
          name: 'folder',
          resolveId: (id, importer) => {
            if (importer === undefined) return id;
            if (!id.startsWith('.') && !path.isAbsolute(id)) return { id, external: true };
            const file = this.#fileOf(path.resolve(path.dirname(importer), id));
            if (files.includes(file)) return this.#sourceOf(file);
            return { id: this.#sourceOf(this.#moved.get(file) ?? file), external: true };
          },
          load: (id) => (id === VIRTUAL ? virtual : null),
        },
      ],
      onLog(_level, { code, message }) {
        // tsc asks for the helpers of its decorators so.
        if (code !== 'THIS_IS_UNDEFINED') throw new Error(message);
      },
    });
    await bundled.write({
      dir: this.#roots[format],
      format,
      entryFileNames: '[name].js',
      chunkFileNames: `${folder}/modules.js`,
      paths: (id) => (path.isAbsolute(id) ? this.#specifierOf(this.#fileOf(id), folder, format) : id),
      generatedCode: 'es2015',
      interop: 'auto',
      // Jest runs CommonJS without the means for import().
      dynamicImportInCjs: false,
      externalLiveBindings: false,
      hoistTransitiveImports: false,
      freeze: false,
      esModule: true,
    });
    await bundled.close();
  }

  /** How a bundle of a folder names a module outside: what exists as CommonJS alone without the door in between. */
  #specifierOf(file, folder, format) {
    const isShared = path.basename(file) === SHARED || this.#graph.kindOf(file) === 'shared';
    const root = isShared ? this.#roots.cjs : this.#roots[format];
    return specifierOf(path.join(root, file), path.join(this.#roots[format], folder));
  }

  /**
   * Node searches the text of a CommonJS module for names before an ES module can import it. Of a bundle that takes longer
   * than to run it: a file in front of it has the names, and nothing else to search.
   */
  async #putInFront(name, files) {
    const file = path.join(this.#roots.cjs, name);
    const names = await Promise.all(files.map((each) => this.#graph.namesOf(each)));
    const behind = `${withoutExtension(file)}.bundle.js`;
    renameSync(file, behind);
    const code = [
      `'use strict';`,
      `const bundle = require('./${path.basename(behind)}');`,
      `module.exports = bundle;`,
      `// The names, in the form that Node and bundlers look for.`,
      `0 && (module.exports = { ${names.flat().join(', ')} });`,
    ];
    writeFileSync(file, `${code.join('\n')}\n`);
  }

  #sourceOf(file) {
    return path.join(this.#graph.folder, file);
  }

  #fileOf(source) {
    return path.relative(this.#graph.folder, source);
  }
}

const SHARED = 'shared.js';
/** The name of a module that is no file. */
const VIRTUAL = 'shared modules';

function withoutExtension(file) {
  return file.slice(0, -path.extname(file).length);
}
