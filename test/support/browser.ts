import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { cleanup } from './cleanup.js';

/** How long a page may take for one step; a reconnect takes up to a few seconds of it. */
const PATIENCE = 20_000;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launchBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: QUIET });
}

/** A page in a profile of its own; an error that its script does not catch fails the test. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  patience = PATIENCE,
): Promise<Page> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(patience);
  const errors: Error[] = [];
  cleanup(async () => {
    await context.close();
    expect(errors).toEqual([]);
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => errors.push(error));
  await page.goto(url);
  return page;
}

/** What axe finds wrong for people who use assistive technology. */
export function violations(page: Page): Promise<string[]> {
  const run = `${axe}; axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)))`;
  return page.evaluate(run) as Promise<string[]>;
}
