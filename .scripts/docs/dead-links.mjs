import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** Links and images of a built site that lead to no file, or to no place in it. VitePress does not look at anchors. */
export function deadLinks(site, except = []) {
  const pages = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.html'));
  const anchors = new Map();
  const dead = [];
  for (const page of pages) {
    const html = readFileSync(path.join(site, page), 'utf8');
    const targets = Array.from(
      html.matchAll(/<(?:a|img|link|script)\b[^>]*?\s(?:href|src)="([^"]*)"/g),
      ([, to]) => to,
    );
    for (const target of new Set(targets)) {
      if (/^\w+:/.test(target) || except.includes(target) || leadsSomewhere(page, target)) continue;
      dead.push(`${page}: ${target}`);
    }
  }
  return dead;

  function leadsSomewhere(page, target) {
    const { pathname, hash } = new URL(target.replaceAll('&amp;', '&'), `http://site/${page}`);
    let file = path.join(site, decodeURIComponent(pathname));
    if (existsSync(`${file}.html`)) file += '.html';
    if (existsSync(file) && statSync(file).isDirectory()) file = path.join(file, 'index.html');
    if (!existsSync(file)) return false;
    return hash === '' || !file.endsWith('.html') || anchorsOf(file).has(decodeURIComponent(hash.slice(1)));
  }

  function anchorsOf(file) {
    if (!anchors.has(file)) {
      const ids = readFileSync(file, 'utf8').matchAll(/\sid="([^"]*)"/g);
      anchors.set(file, new Set(['', ...Array.from(ids, ([, id]) => id)]));
    }
    return anchors.get(file);
  }
}
