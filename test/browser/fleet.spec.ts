import type { Browser, Page } from 'playwright-core';
import { launchBrowser, openPage } from '../support/browser.js';
import { describeWith } from '../support/requirements.js';
import { buildSamples, startSample } from '../support/sample.js';

/** A killed node is noticed, a client comes back, and a process starts, on a machine that does other things as well. */
const PATIENCE = 30_000;

describeWith('chromium', 'the fleet in a browser', (executablePath) => {
  describeWith('redis-server', 'over its own Redis', () => {
    let browser: Browser;

    beforeAll(async () => {
      await buildSamples();
      browser = await launchBrowser(executablePath);
    }, 300_000);

    afterAll(() => browser.close());

    it('loses nothing when nodes are killed, drained and started again, over either transport', async () => {
      await Promise.all(['', '&transport=polling'].map((query) => disturb(browser, query)));
    }, 180_000);
  });
});

/** A fleet of its own, whose visitors kill and drain its nodes. */
async function disturb(browser: Browser, query: string): Promise<void> {
  const { url } = await startSample('04-fleet');
  const ada = await openPage(browser, `${url}/?name=Ada${query}`, {}, PATIENCE);
  const bob = await openPage(browser, `${url}/?name=Bob${query}`, {}, PATIENCE);
  for (const page of [ada, bob]) {
    await shown(page, '#connection[data-state="connected"]', 'is served by node');
    await shown(page, '#online', 'Ada');
    await shown(page, '#online', 'Bob');
    await counted(page, 20);
  }
  await say(ada, 'Good morning');
  await shown(bob, '#said', 'Good morning');

  const killed = await nodeOf(ada);
  await ada.getByRole('button', { name: `kill -9 node ${killed}` }).click();
  await shown(ada, '#reconnects', '1');
  await shown(ada, '#connection', 'where the session went on');
  expect(await nodeOf(ada)).not.toBe(killed);
  await shown(ada, `#node-${killed} .state`, 'down');
  await say(ada, 'Still here');
  await shown(bob, '#said', 'Still here');

  await ada.getByRole('button', { name: `start node ${killed}` }).click();
  await shown(ada, `#node-${killed} .state`, 'up');
  const drained = await nodeOf(ada);
  await bob.getByRole('button', { name: `drain node ${drained}` }).click();
  await shown(ada, '#reconnects', '2');
  await shown(ada, `#node-${drained} .state`, 'down');
  await shown(ada, '#connection', 'where the session went on');

  const before = Number(await ada.locator('#received').textContent());
  for (const page of [ada, bob]) {
    await counted(page, before + 30);
    expect(await faults(page)).toEqual({ lost: '0', doubled: '0', late: '0' });
    expect(await page.locator('#said li').count()).toBe(2);
    await shown(page, '#online', 'Ada');
    await shown(page, '#online', 'Bob');
  }
  await bob.close();
  await ada.locator('#online li', { hasText: 'Bob' }).waitFor({ state: 'detached' });
}

async function faults(page: Page): Promise<Record<string, string | null>> {
  const counters = ['lost', 'doubled', 'late'];
  const counts = await Promise.all(counters.map((counter) => page.locator(`#${counter}`).textContent()));
  return Object.fromEntries(counters.map((counter, i) => [counter, counts[i]]));
}

async function nodeOf(page: Page): Promise<string> {
  const text = await page.locator('#connection').textContent();
  return /node (\w)/.exec(text!)![1];
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Say').fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

function shown(page: Page, selector: string, text: string): Promise<void> {
  return page.locator(selector, { hasText: text }).first().waitFor();
}

/** Resolves once the page has received this many numbers. */
async function counted(page: Page, received: number): Promise<void> {
  const script = `Number(document.getElementById('received').textContent) >= ${received}`;
  await page.waitForFunction(script);
}
