/**
 * Builds the site of the manual in `site`: its pages by VitePress, the API by TypeDoc. Ends with 1 if a link leads nowhere.
 *
 *   npm run docs
 *   npm run docs -- --no-api    without the API, which takes most of the time
 *
 * Afterwards any server of files can show it: npx vitepress preview docs
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'vitepress';
import { buildApi } from './docs/api.mjs';
import { deadLinks } from './docs/dead-links.mjs';

const { values: options } = parseArgs({ options: { api: { type: 'boolean', default: true } }, allowNegative: true });
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const pages = path.join(root, '.cache/docs/pages');
const site = path.join(root, 'site');

/** Pages outside of docs, and their names on the site. */
const OTHERS = {
  'README.md': 'start.md',
  'CHANGELOG.md': 'changelog.md',
  '.github/CONTRIBUTING.md': 'contributing.md',
  '.github/SECURITY.md': 'security-policy.md',
};

gatherPages();
// TypeDoc writes into the folder of files that VitePress copies as they are.
if (options.api) await buildApi(root, path.join(pages, 'public/api'));
rmSync(site, { recursive: true, force: true });
await build(path.join(root, 'docs'), { logLevel: 'warn' });
const dead = deadLinks(site, options.api ? [] : ['/api/index.html']);
for (const each of dead) console.error(each);
console.log(dead.length === 0 ? `the site is in ${path.relative(root, site)}` : `${dead.length} links lead nowhere`);
process.exitCode = dead.length === 0 ? 0 : 1;

function gatherPages() {
  rmSync(pages, { recursive: true, force: true });
  mkdirSync(pages, { recursive: true });
  const files = readdirSync(path.join(root, 'docs')).filter((file) => file.endsWith('.md'));
  for (const file of files) addPage(`docs/${file}`, file);
  for (const [file, name] of Object.entries(OTHERS)) addPage(file, name);
  cpSync(path.join(root, 'docs/.vitepress/home.md'), path.join(pages, 'index.md'));
  cpSync(path.join(root, 'docs/images'), path.join(pages, 'images'), { recursive: true });
  cpSync(path.join(root, 'docs/images'), path.join(pages, 'public/images'), { recursive: true });
}

function addPage(file, name) {
  const parts = readFileSync(path.join(root, file), 'utf8').split(/(^ *```.*?^ *```$)/ms);
  // Blocks of code are at odd places.
  const text = parts.map((part, index) => (index % 2 === 1 ? part : relink(part, file))).join('');
  writeFileSync(path.join(pages, name), text);
}

/** Links to pages lead to their names on the site; the name of another file stays, without a link. */
function relink(text, file) {
  return text.replaceAll(/(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g, (link, image, label, target) => {
    if (/^(?:\w+:|#)/.test(target)) return link;
    const inner = relink(label, file);
    const [to, anchor] = target.split('#');
    const wanted = path.join(path.dirname(file), to);
    const page = OTHERS[wanted] ?? (path.dirname(wanted) === 'docs' ? path.basename(wanted) : null);
    if (page !== null) return `${image}[${inner}](./${page}${anchor === undefined ? '' : `#${anchor}`})`;
    if (wanted.startsWith('docs/images/')) return `${image}[${inner}](./${path.relative('docs', wanted)})`;
    if (!existsSync(path.join(root, wanted))) throw new Error(`${file} has a link to ${target}, which is not there`);
    return `${label} (\`${wanted}\`)`;
  });
}
