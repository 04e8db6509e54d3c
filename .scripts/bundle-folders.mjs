import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { rollup } from 'rollup';
import { folderOf, specifierOf } from './module-graph.mjs';

/**
 * Makes few files of many, folder by folder, since Node spends more on finding and opening a module than on running it
 * (bench: start). The modules that others import remain, with all else of their folder in them. Classes and functions keep
 * their names, which logs and stack traces show, and modules run in the order in which they did.
 *
 * It is done for CommonJS, of folders that need no Nest: their ES modules are doors to it, see esm-doors.mjs. What needs Nest
 * exists in both formats, and tells by the folders in a stack whether a handler is among the callers.
 *
 * @param {import('./module-graph.mjs').ModuleGraph} graph of the ES modules as they were compiled
 * @param {string} cjs folder that has the CommonJS modules, and gets bundles in their place
 */
export async function bundleFolders(graph, cjs) {
  for (const folder of graph.folders) {
    const files = graph.files.filter((file) => folderOf(file) === folder);
    if (files.some((file) => graph.kindOf(file) !== 'shared')) continue;
    const outside = graph.files.filter((file) => folderOf(file) !== folder);
    const entries = files.filter((file) => graph.isEntry(file) || graph.isImportedBy(file, outside));
    if (entries.length === files.length) continue;
    await bundle(graph.folder, folder, entries, cjs);
    for (const file of entries) putInFront(path.join(cjs, file), await graph.namesOf(file));
  }
}

/**
 * @param {string} root where the ES modules are
 * @param {string} folder below it
 * @param {string[]} entries modules that remain, below the root
 * @param {string} cjs where the bundles go
 */
async function bundle(root, folder, entries, cjs) {
  const deep = entries.filter((file) => path.dirname(file) !== folder);
  if (deep.length > 0)
    throw new Error(`what other folders import must be at the top of its folder: ${deep.join(', ')}`);
  const bundled = await rollup({
    input: Object.fromEntries(entries.map((file) => [withoutExtension(file), path.join(root, file)])),
    // Bundlers of applications do that.
    treeshake: false,
    plugins: [
      {
        name: 'folder',
        resolveId(id, importer) {
          if (importer === undefined) return id;
          if (!id.startsWith('.')) return { id, external: true };
          const file = path.relative(root, path.resolve(path.dirname(importer), id));
          if (folderOf(file) === folder) return path.join(root, file);
          return { id: specifierOf(file, folder), external: true };
        },
      },
    ],
    onLog(_level, { message }) {
      throw new Error(message);
    },
  });
  removeCode(path.join(cjs, folder));
  await bundled.write({
    dir: cjs,
    format: 'cjs',
    entryFileNames: '[name].js',
    chunkFileNames: `${folder}/modules.js`,
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

/**
 * Node searches the text of a CommonJS module for names before an ES module can import it. Of a bundle that takes longer than
 * to run it: a file in front of it has the names, and nothing else to search.
 */
function putInFront(file, names) {
  const behind = `${withoutExtension(file)}.bundle.js`;
  renameSync(file, behind);
  const code = [
    `'use strict';`,
    `const bundle = require('./${path.basename(behind)}');`,
    `module.exports = bundle;`,
    `// The names, in the form that Node and bundlers look for.`,
    `0 && (module.exports = { ${names.join(', ')} });`,
  ];
  writeFileSync(file, `${code.join('\n')}\n`);
}

function withoutExtension(file) {
  return file.slice(0, -path.extname(file).length);
}

function removeCode(folder) {
  for (const file of readdirSync(folder, { recursive: true }))
    if (file.endsWith('.js')) rmSync(path.join(folder, file));
}
