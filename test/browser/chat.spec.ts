import { chromium, type Browser, type Locator, type Page } from 'playwright-core';
import { cleanup } from '../support/cleanup.js';
import { describeWith } from '../support/requirements.js';
import { buildSamples, startSample } from '../support/sample.js';

/** How long a page may take for one step; a reconnect takes up to a few seconds of it. */
const PATIENCE = 15_000;

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Three by two pixels. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mM4EaABQQxwFgBO1AeBpoUvywAAAABJRU5ErkJggg==',
  'base64',
);

describeWith('chromium', 'the chat in a browser', (executablePath) => {
  let browser: Browser;

  beforeAll(async () => {
    await buildSamples();
    browser = await chromium.launch({ executablePath, args: QUIET });
  }, 120_000);

  afterAll(() => browser.close());

  it.each([
    { query: '?transport=polling', transport: 'polling' },
    { query: '?transport=websocket', transport: 'websocket' },
    { query: '', transport: 'websocket' },
  ])(
    'works with "$query" and ends up over $transport',
    async ({ query, transport }) => {
      const server = await startSample('01-chat');
      const ada = await openPage(browser, server.url + query);
      const bob = await openPage(browser, server.url + query);
      for (const [page, nickname] of [
        [ada, 'Ada'],
        [bob, 'Bob'],
      ] as const) {
        await signIn(page, nickname);
        await joinRoom(page, 'tea');
      }
      for (const page of [ada, bob]) {
        await shown(page.locator('#transport', { hasText: `over ${transport}` }));
        await shown(page.locator('#members', { hasText: /Ada.*Bob/ }));
      }

      // Typed as a person would: the notice is volatile, and repeated while keys come.
      await Promise.all([
        bob.locator('#text').pressSequentially('Milk & <b>sugar</b>?', { delay: 80 }),
        shown(ada.locator('#typing', { hasText: 'Bob is typing' })),
      ]);
      await bob.locator('#text').press('Enter');
      await shown(ada.locator('.message:not(.own) p', { hasText: 'Milk & <b>sugar</b>?' }));
      await shown(bob.locator('.message.own', { hasText: 'Milk' }).locator('.delivery', { hasText: '✓ delivered' }));

      await ada.locator('#image').setInputFiles({ name: 'cup.png', mimeType: 'image/png', buffer: PNG });
      await shown(
        ada.locator('.message.own', { has: ada.locator('img') }).locator('.delivery', { hasText: '✓ delivered' }),
      );
      const image = bob.locator('.message:not(.own) img[alt="cup.png"]');
      await shown(image);
      expect(await sizeOf(image)).toEqual({ width: 3, height: 2 });

      await server.stop('SIGKILL');
      for (const page of [ada, bob]) await shown(page.locator('#connection[data-state="reconnecting"]'));
      await startSample('01-chat', server.port);
      for (const page of [ada, bob]) {
        await shown(page.locator('#connection[data-state="connected"]'));
        await shown(page.locator('.notice', { hasText: 'You are back in tea' }));
        await shown(page.locator('#members', { hasText: /Ada.*Bob/ }));
      }
      await send(ada, 'Are you still there?');
      await shown(
        ada.locator('.message.own', { hasText: 'still there' }).locator('.delivery', { hasText: '✓ delivered' }),
      );
      await shown(bob.locator('.message:not(.own)', { hasText: 'Are you still there?' }));
      await shown(bob.locator('#transport', { hasText: `over ${transport}` }));
    },
    60_000,
  );

  it('tells why a nickname or an image is refused', async () => {
    const server = await startSample('01-chat');
    const ada = await openPage(browser, server.url);
    await signIn(ada, 'Ada');
    await joinRoom(ada, 'tea');

    const other = await openPage(browser, server.url);
    await signIn(other, 'ada');
    await shown(other.locator('[role="alert"]', { hasText: 'The nickname “ada” is taken.' }));
    await signIn(other, '   ');
    await shown(other.locator('[role="alert"]', { hasText: 'The nickname is empty.' }));
    await signIn(other, 'Bob');
    await shown(other.locator('#join'));

    const buffer = Buffer.alloc(1_000_001);
    await ada.locator('#image').setInputFiles({ name: 'big.png', mimeType: 'image/png', buffer });
    await shown(ada.locator('.notice', { hasText: 'big.png is too large' }));
    await ada.locator('#image').setInputFiles({ name: 'cup.svg', mimeType: 'image/svg+xml', buffer: PNG });
    await shown(ada.locator('.delivery', { hasText: '✗ not delivered: This is not a PNG, JPEG, GIF or WebP image.' }));
    await ada.locator('#leave').click();
    await shown(ada.locator('#controls:disabled'));
  }, 60_000);
});

/** A page in a profile of its own; an error that its script does not catch fails the test. */
async function openPage(browser: Browser, url: string): Promise<Page> {
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE);
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

async function signIn(page: Page, nickname: string): Promise<void> {
  await page.getByLabel('Nickname').fill(nickname);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function joinRoom(page: Page, room: string): Promise<void> {
  await page.getByLabel('Name of the room').fill(room);
  await page.getByRole('button', { name: 'Join' }).click();
  await shown(page.getByRole('heading', { name: room }));
}

async function send(page: Page, text: string): Promise<void> {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.getByRole('button', { name: 'Send', exact: true }).click();
}

function shown(locator: Locator): Promise<void> {
  return locator.waitFor({ state: 'visible' });
}

/** The size of the picture itself, once it is decoded. */
function sizeOf(image: Locator): Promise<{ width: number; height: number }> {
  return image.evaluate(async (element) => {
    const decoded = element as unknown as { decode(): Promise<void>; naturalWidth: number; naturalHeight: number };
    await decoded.decode();
    return { width: decoded.naturalWidth, height: decoded.naturalHeight };
  });
}
