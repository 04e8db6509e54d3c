/** The site of the manual. `.scripts/docs.mjs` puts its pages together and builds it: `npm run docs`. */
import { readdirSync } from 'node:fs';
import { defineConfig } from 'vitepress';
import { anchorOf } from '../../.scripts/docs/anchors.mjs';

const GUIDES = ['gateways', 'authentication', 'validation', 'contracts', 'websocket-service', 'testing', 'recipes'];
const PRODUCTION = ['adapters', 'clusters', 'deployment', 'operations', 'observability', 'security', 'performance'];
const REFERENCE = ['options', 'limits', 'errors', 'compatibility', 'server', 'migration'];
const MORE = ['faq', 'samples', 'changelog', 'contributing', 'security-policy'];

const TITLES = {
  'websocket-service': 'Websocket service',
  faq: 'Questions',
  'security-policy': 'Reporting vulnerabilities',
};

const listed = [...GUIDES, ...PRODUCTION, ...REFERENCE, ...MORE];
for (const file of readdirSync(new URL('..', import.meta.url)).filter((each) => each.endsWith('.md'))) {
  if (!listed.includes(file.slice(0, -3))) throw new Error(`docs/${file} is missing in docs/.vitepress/config.mjs`);
}

export default defineConfig({
  title: 'nestjs-socketio',
  description: 'A Socket.IO server for NestJS',
  lang: 'en',
  srcDir: '../.cache/docs/pages',
  outDir: '../site',
  cacheDir: '../.cache/docs/vitepress',
  ignoreDeadLinks: false,
  metaChunk: true,
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: {
    anchor: { slugify: anchorOf },
    // Languages that the highlighter does not know.
    languageAlias: { haproxy: 'ini', promql: 'sql' },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Guide', link: '/start', activeMatch: `^/(start|${GUIDES.join('|')})` },
      { text: 'Production', link: '/deployment', activeMatch: `^/(${PRODUCTION.join('|')})` },
      { text: 'Reference', link: '/options', activeMatch: `^/(${REFERENCE.join('|')})` },
      { text: 'API', link: '/api/index.html', target: '_self' },
    ],
    sidebar: [
      { text: 'Guide', items: [{ text: 'Start', link: '/start' }, ...GUIDES.map(itemOf)] },
      { text: 'Production', items: PRODUCTION.map(itemOf) },
      {
        text: 'Reference',
        items: [...REFERENCE.map(itemOf), { text: 'API', link: '/api/index.html', target: '_self' }],
      },
      { text: 'More', items: MORE.map(itemOf) },
    ],
    docFooter: { prev: 'Previous', next: 'Next' },
  },
});

function itemOf(page) {
  return { text: TITLES[page] ?? page[0].toUpperCase() + page.slice(1), link: `/${page}` };
}
