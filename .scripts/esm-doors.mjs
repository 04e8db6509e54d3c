import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { specifierOf } from './module-graph.mjs';

/**
 * Lets ES modules that need no Nest hand out what their CommonJS twins export, so that these exist once in a process, under
 * whichever loader, and a start reads fewer modules: Node spends more on each ES module than on one of CommonJS (bench:
 * start). Doors are left where other modules, or an application, come in; what lies behind them goes.
 *
 * @param {import('./module-graph.mjs').ModuleGraph} graph of the ES modules as they were compiled
 * @param {string} esm folder of the ES modules that are handed out
 * @param {string} cjs folder of their CommonJS twins
 * @param {ReadonlySet<string>} gone modules that are no files any more
 */
export async function makeDoors(graph, esm, cjs, gone) {
  const isShared = (file) => graph.kindOf(file) === 'shared';
  const present = graph.files.filter((file) => !gone.has(file));
  const others = present.filter((file) => !isShared(file));
  for (const file of present.filter(isShared)) {
    if (graph.isEntry(file) || graph.isImportedBy(file, others))
      writeFileSync(path.join(esm, file), doorTo(file, await graph.namesOf(file), esm, cjs));
    else rmSync(path.join(esm, file), { force: true });
  }
}

/** Names one by one: bundlers and Node's own reader of CommonJS find them. */
function doorTo(file, names, esm, cjs) {
  const target = specifierOf(path.join(cjs, file), path.dirname(path.join(esm, file)));
  const plain = names.filter((name) => name !== 'default' && name !== 'module.exports');
  const lines = plain.length === 0 ? [`import '${target}';`] : [`export { ${plain.join(', ')} } from '${target}';`];
  const whole = names.filter((name) => name === 'default' || name === 'module.exports');
  if (whole.length > 0) {
    lines.push(`import whole from '${target}';`, `export { ${whole.map((name) => `whole as '${name}'`).join(', ')} };`);
  }
  return `${lines.join('\n')}\n`;
}
