import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** What only an application of Nest has. From 12 on it is ESM alone, which not every CommonJS loader takes. */
const NEST = /^(@nestjs\/|rxjs|reflect-metadata)/;
const IMPORT = /^\s*(?:import|export)\s[^;'"]*?from\s+['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/gm;

/**
 * Lets ES modules that need no Nest hand out what their CommonJS twins export, so that these exist once in a process, under
 * whichever loader, and a start reads fewer modules: Node spends more on each ES module than on one of CommonJS (bench:
 * start). Doors are left where other modules, or an application, come in; what lies behind them goes.
 *
 * What imports nothing from outside stays as it is: browsers load it, and bundlers are to leave out what is not used. So do
 * programs of the command line, with the rest of their folder.
 *
 * @param {string} esm folder of the ES modules
 * @param {string} cjs folder of their CommonJS twins
 * @param {{ entries: string[], programs: string[] }} roots modules that applications begin with; programs of their own
 */
export async function makeDoors(esm, cjs, { entries, programs }) {
  const modules = readModules(esm);
  const closureOf = closureIn(modules);
  const forBrowsers = entries.map(closureOf).filter(importsNothing);
  const kept = new Set(forBrowsers.flatMap(({ files }) => files));
  for (const program of programs) {
    const folder = `${path.dirname(program)}${path.sep}`;
    for (const file of closureOf(program).files) if (file.startsWith(folder)) kept.add(file);
  }
  const shared = [...modules.keys()].filter(
    (file) => !kept.has(file) && !closureOf(file).packages.some((name) => NEST.test(name)),
  );
  const doors = shared.filter((file) => entries.includes(file) || isImportedFromOutside(file, modules, shared));
  const exported = new Map();
  for (const file of doors) exported.set(file, Object.keys(await import(pathToFileURL(path.join(esm, file)).href)));
  for (const file of shared) rmSync(path.join(esm, file));
  for (const [file, names] of exported) writeFileSync(path.join(esm, file), doorTo(file, names, esm, cjs));
}

/** What each module imports: files by their path below the folder, packages by their name. */
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

/** Everything that a module needs, also later on. */
function closureIn(modules) {
  return (entry) => {
    const files = new Set([entry]);
    const packages = new Set();
    for (const file of files) {
      for (const name of modules.get(file)) (modules.has(name) ? files : packages).add(name);
    }
    return { files: [...files], packages: [...packages] };
  };
}

function importsNothing({ packages }) {
  return packages.length === 0;
}

function isImportedFromOutside(file, modules, shared) {
  return [...modules].some(([importer, names]) => names.includes(file) && !shared.includes(importer));
}

/** Names one by one: bundlers and Node's own reader of CommonJS find them. */
function doorTo(file, names, esm, cjs) {
  const target = path
    .relative(path.dirname(path.join(esm, file)), path.join(cjs, file))
    .split(path.sep)
    .join('/');
  const plain = names.filter((name) => name !== 'default' && name !== 'module.exports');
  const lines = plain.length === 0 ? [`import '${target}';`] : [`export { ${plain.join(', ')} } from '${target}';`];
  const whole = names.filter((name) => name === 'default' || name === 'module.exports');
  if (whole.length > 0) {
    lines.push(`import whole from '${target}';`, `export { ${whole.map((name) => `whole as '${name}'`).join(', ')} };`);
  }
  return `${lines.join('\n')}\n`;
}
