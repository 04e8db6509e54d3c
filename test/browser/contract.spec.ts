import type { Browser, Page } from 'playwright-core';
import { launchBrowser, openPage, violations } from '../support/browser.js';
import { describeWith } from '../support/requirements.js';
import { buildSamples, startSample } from '../support/sample.js';

const SCREENS = {
  desktop: { viewport: { width: 1_280, height: 900 } },
  phone: { viewport: { width: 390, height: 844 } },
};

describeWith('chromium', 'the tea room in a browser', (executablePath) => {
  let browser: Browser;
  let url: string;

  beforeAll(async () => {
    await buildSamples('03-contract');
    browser = await launchBrowser(executablePath);
  }, 300_000);

  beforeEach(async () => {
    ({ url } = await startSample('03-contract'));
  });

  afterAll(() => browser.close());

  it.each(Object.entries(SCREENS))(
    'takes orders and refuses what does not fit its contract, on a %s',
    async (_name, screen) => {
      const ada = await openPage(browser, url, screen);
      await signIn(ada, '   ');
      await shown(ada, '#sign-in-error', 'Please enter a name');
      await signIn(ada, 'Ada');
      const bob = await openPage(browser, url, screen);
      await signIn(bob, 'Bob');

      await ada.getByLabel('pot').check();
      await ada.getByLabel('How many').fill('2');
      await ada.getByLabel('A note').fill('no sugar');
      await ada.getByRole('button', { name: 'Order' }).click();
      await shown(ada, '#said', 'Order 1 is on its way.');
      for (const page of [ada, bob]) await shown(page, '#ticket-1 .what', '2 × pot of Assam');
      await shown(bob, '#ticket-1', 'No. 1 for Ada – no sugar');

      await bob.getByRole('button', { name: 'Bring it' }).click();
      await shown(ada, '#ticket-1.served', 'brought by Bob');

      await ada.getByLabel('How many').fill('99');
      await ada.getByRole('button', { name: 'Order' }).click();
      await shown(ada, '[data-error="amount"]', 'Too big');
      await shown(ada, '#said', 'Invalid arguments');

      for (const [button, path] of [
        ['coffee', 'drink'],
        ['an unknown key', 'isAdmin'],
        ['one argument too many', 'at most 1 argument, 2 were sent'],
      ]) {
        await ada.getByRole('button', { name: button, exact: true }).click();
        await shown(ada, '#refusal', path);
        await shown(ada, '#refusal', 'INVALID_ARGUMENTS');
      }
      expect(await overflow(ada)).toBe(0);
      expect(await violations(ada)).toEqual([]);
    },
    90_000,
  );

  it.each(Object.entries(SCREENS))(
    'has a page of its events that needs no scripts, on a %s',
    async (_name, screen) => {
      const page = await openPage(browser, `${url}/asyncapi`, { ...screen, javaScriptEnabled: false });
      await shown(page, 'h1', 'Tea room');
      for (const event of ['order', 'serve', 'list', 'ordered', 'served']) await shown(page, 'h4', event);
      await shown(page, 'article', 'Bring the order with this number');
      expect((await (await fetch(`${url}/asyncapi.json`)).json()) as object).toMatchObject({ asyncapi: '3.0.0' });
      const scripted = await openPage(browser, `${url}/asyncapi`, screen);
      expect(await overflow(scripted)).toBe(0);
      expect(await violations(scripted)).toEqual([]);
    },
    60_000,
  );
});

async function signIn(page: Page, name: string): Promise<void> {
  await page.getByLabel('Your name').fill(name);
  await page.getByRole('button', { name: 'Come in' }).click();
}

async function shown(page: Page, selector: string, text: string): Promise<void> {
  await page.locator(selector, { hasText: text }).first().waitFor();
}

/** How far the page is wider than its window. */
function overflow(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - innerWidth') as Promise<number>;
}
