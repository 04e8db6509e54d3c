import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { launchBrowser, openPage as open, violations } from '../support/browser.js';
import { describeWith } from '../support/requirements.js';
import { buildSamples, startSample } from '../support/sample.js';

const SCREENS = {
  desktop: { viewport: { width: 1_280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
};
/** What a keyboard leaves of a phone's screen. */
const WITH_KEYBOARD = [
  { width: 390, height: 480 },
  { width: 360, height: 340 },
];

/** Three by two pixels. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mM4EaABQQxwFgBO1AeBpoUvywAAAABJRU5ErkJggg==',
  'base64',
);

describeWith('chromium', 'the chat in a browser', (executablePath) => {
  let browser: Browser;

  beforeAll(async () => {
    await buildSamples('01-chat');
    browser = await launchBrowser(executablePath);
  }, 300_000);

  afterAll(() => browser.close());

  it.each([
    { query: '?transport=polling', transport: 'polling' },
    { query: '?transport=websocket', transport: 'websocket' },
    { query: '?room=tea', transport: 'websocket' },
  ])(
    'works with "$query" and ends up over $transport',
    async ({ query, transport }) => {
      const server = await startSample('01-chat');
      const ada = await openPage(browser, server.url + query);
      const bob = await openPage(browser, server.url + query);
      await rename(ada, 'Ada');
      await rename(bob, 'Bob');
      for (const page of [ada, bob]) {
        await shown(page.locator('#transport', { hasText: `over ${transport}` }));
        await shown(page.locator('#members', { hasText: /Ada.*Bob/ }));
      }

      // Typed as a person would: the notice is volatile, and repeated while keys come.
      await Promise.all([
        bob.locator('#text').pressSequentially('Milk & <b>sugar</b>?', { delay: 80 }),
        shown(ada.locator('#typing', { hasText: 'Bob is typing…' })),
      ]);
      await bob.locator('#text').press('Enter');
      await shown(ada.locator('.group:not(.own) .message p', { hasText: 'Milk & <b>sugar</b>?' }));
      await shown(bob.locator('.own .status', { hasText: 'Seen by Ada' }));

      await ada.locator('#image').setInputFiles({ name: 'cup.png', mimeType: 'image/png', buffer: PNG });
      const image = bob.locator('.group:not(.own) img[alt="cup.png"]');
      await shown(image);
      expect(await sizeOf(image)).toEqual({ width: 3, height: 2 });
      await shown(ada.locator('.own .status', { hasText: 'Seen by Bob' }));

      await server.stop('SIGKILL');
      for (const page of [ada, bob]) await shown(page.locator('#connection[data-state="reconnecting"]'));
      await say(ada, 'Are you still there?');
      await shown(ada.locator('.own .status', { hasText: 'Sending…' }));
      await startSample('01-chat', server.port);
      await shown(
        ada.locator('.own .message', { hasText: 'still there' }).locator('.status', { hasText: 'Seen by Bob' }),
      );
      await shown(bob.locator('.group:not(.own) .message', { hasText: 'Are you still there?' }));
      for (const page of [ada, bob]) {
        await shown(page.locator('#transport', { hasText: `over ${transport}` }));
        await shown(page.locator('#members', { hasText: /Ada|Bob/ }));
        await shown(page.locator('#recovery', { hasText: 'as a new socket' }));
        expect(await page.locator('.message').count()).toBe(3);
      }
    },
    90_000,
  );

  describe.each(Object.entries(SCREENS))('on a %s', (screen, options) => {
    it('opens in a room with a name, which is changed in place and remembered', async () => {
      const { url } = await startSample('01-chat');
      const page = await openPage(browser, url, options);
      await shown(page.getByRole('heading', { name: 'lobby' }));
      expect(page.url()).toBe(`${url}/?room=lobby`);
      const name = page.getByLabel('You are');
      expect(await name.inputValue()).toMatch(/^[A-Z]\w+ [A-Z]\w+$/);

      await rename(page, '   ');
      await shown(page.getByRole('alert').filter({ hasText: 'Please enter a name' }));
      await rename(page, 'Ada');
      await page.locator('#members', { hasText: 'Ada' }).waitFor({ state: 'attached' });
      await say(page, 'Anybody here?');
      await page.reload();
      await shown(page.locator('.own', { hasText: 'Anybody here?' }));
      expect(await name.inputValue()).toBe('Ada');

      // A second window of the same browser is a second person.
      const second = await page.context().newPage();
      await second.goto(url);
      await second.locator('#members', { hasText: /Ada.*Ada 2/ }).waitFor({ state: 'attached' });
      await shown(second.locator('.group:not(.own)', { hasText: 'Anybody here?' }));
    }, 60_000);

    it('gives away the link of its room', async () => {
      const { url } = await startSample('01-chat');
      const page = await openPage(browser, `${url}?room=tea`, {
        ...options,
        permissions: ['clipboard-read', 'clipboard-write'],
      });
      // The dialog of a phone cannot be operated from here.
      await page.evaluate('navigator.share = (shared) => navigator.clipboard.writeText(shared.url)');
      await page.getByRole('button', { name: 'Share' }).click();
      await until(page, async () => (await page.evaluate('navigator.clipboard.readText()')) === `${url}/?room=tea`);
    }, 60_000);

    it('has nothing that axe finds, in light and in dark colors', async () => {
      const { url } = await startSample('01-chat');
      const other = await openPage(browser, url);
      await rename(other, 'Bob');
      const page = await openPage(browser, url, { ...options, reducedMotion: 'reduce' });
      expect(await violationsInBoth(page)).toEqual([]);
      await say(page, 'One');
      await say(page, 'Two');
      await page.locator('#image').setInputFiles({ name: 'cup.png', mimeType: 'image/png', buffer: PNG });
      await say(other, 'Three');
      await shown(page.locator('.group:not(.own)', { hasText: 'Three' }));
      expect(await violationsInBoth(page)).toEqual([]);
      expect(await page.evaluate('document.getAnimations().length')).toBe(0);
      for (const [name, panel] of [
        ['People', '#people'],
        ['Inspect', '#inspector'],
      ]) {
        if (screen === 'phone') await page.getByRole('button', { name }).click();
        await shown(page.locator(panel));
        expect(await violationsInBoth(page)).toEqual([]);
      }
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
    }, 60_000);
  });

  it.each(WITH_KEYBOARD)(
    'leaves half of $width × $height to the log, and the composer in its card',
    async (size) => {
      const { url } = await startSample('01-chat');
      const page = await openPage(browser, url, SCREENS.phone);
      for (let line = 0; line < 12; line++) await say(page, `line ${line}`);
      await page.locator('#text').click();
      await page.setViewportSize(size);
      // A long message grows the field.
      await page.locator('#text').fill('one\ntwo\nthree\nfour\nfive\nsix');
      await page.locator('#text').fill('');
      await until(page, async () => (await boxOf(page, '#log')).height >= size.height / 2);
      const [card, composer, send] = await Promise.all(
        ['#chat', '#composer', '#send'].map((each) => boxOf(page, each)),
      );
      expect(composer.y + composer.height).toBeLessThanOrEqual(card.y + card.height);
      expect(card.y + card.height).toBeLessThanOrEqual(size.height);
      expect(send.x + send.width).toBeLessThanOrEqual(size.width);
      // The end of the log stays in view.
      const last = await boxOf(page, '.message >> nth=-1');
      expect(last.y + last.height).toBeLessThanOrEqual(composer.y);
    },
    60_000,
  );

  it('keeps the end of the log in view when its lines break anew on another screen', async () => {
    const { url } = await startSample('01-chat');
    const page = await openPage(browser, url, SCREENS.phone);
    const link = `https://chat.example/${'path'.repeat(40)}`;
    for (const text of ['1', '2', '3', link, link, link, '7', '8']) await say(page, text);
    for (const size of [...WITH_KEYBOARD, SCREENS.phone.viewport, ...WITH_KEYBOARD]) {
      await page.setViewportSize(size);
      await page.locator('#text').click();
      // What moves the log does so in the frame of its new size, and is told of in the next one.
      for (let frame = 0; frame < 4; frame++) await page.evaluate('new Promise(requestAnimationFrame)');
      const last = await boxOf(page, '.message >> nth=-1');
      expect(last.y + last.height).toBeLessThanOrEqual((await boxOf(page, '#composer')).y);
    }
  }, 60_000);

  it('says "sent" for what the server has, and "seen" for what was on a screen', async () => {
    const { url } = await startSample('01-chat');
    const ada = await openPage(browser, url, { ...SCREENS.phone, viewport: { width: 390, height: 560 } });
    const bob = await openPage(browser, url);
    await rename(ada, 'Ada');
    await rename(bob, 'Bob');
    for (let line = 0; line < 12; line++) await say(ada, `line ${line}`);
    await shown(ada.locator('[data-latest] .status', { hasText: 'Seen by Bob' }));

    // Ada reads above, then looks at the inspector, which covers the log of a phone.
    await ada.locator('#log').evaluate((log) => log.scrollTo(0, 0));
    await say(bob, 'What do you think?');
    await shown(ada.locator('#jump', { hasText: '1 new message' }));
    await ada.getByRole('button', { name: 'Inspect' }).click();
    await say(bob, 'Hello?');
    await until(ada, async () => (await ada.title()) === '(2) lobby · Chat');
    // That Ada has it says nothing of whether Bob's ack has come.
    await shown(bob.locator('[data-latest] .status', { hasText: 'Sent' }));
    expect(await bob.locator('[data-latest] .status').textContent()).toBe('Sent');
    await ada.keyboard.press('Escape');
    await ada.locator('#jump').click();
    await shown(ada.locator('.divider'));
    await shown(bob.locator('[data-latest] .status', { hasText: 'Seen by Ada' }));
    expect(await ada.title()).toBe('lobby · Chat');
  }, 60_000);

  it('says what was not sent, and sends it once at another try', async () => {
    const server = await startSample('01-chat');
    const ada = await openPage(browser, server.url);
    const bob = await openPage(browser, server.url);
    // A page takes the clock that is there when it loads.
    await ada.clock.install();
    await ada.reload();
    await shown(ada.locator('#connection[data-state="connected"]'));
    await server.stop('SIGKILL');
    await shown(ada.locator('#connection[data-state="reconnecting"]'));
    await say(ada, 'Hello?');
    await ada.clock.fastForward(16_000);
    await shown(ada.locator('.status', { hasText: 'Not sent: no answer from the server.' }));
    await startSample('01-chat', server.port);
    await shown(ada.locator('#connection[data-state="connected"]'));
    await ada.getByRole('button', { name: 'Try again' }).click();
    await shown(ada.locator('.status', { hasText: 'Seen by' }));
    await shown(bob.locator('.message', { hasText: 'Hello?' }));
    expect(await bob.locator('.message').count()).toBe(1);

    await ada
      .locator('#image')
      .setInputFiles({ name: 'cup.svg', mimeType: 'image/svg+xml', buffer: Buffer.from('<svg/>') });
    await shown(ada.locator('#toast', { hasText: 'cup.svg is not an image that this browser can read.' }));
  }, 90_000);

  it('makes a large image smaller before it sends it', async () => {
    const { url } = await startSample('01-chat');
    const ada = await openPage(browser, url);
    const bob = await openPage(browser, url);
    // Noise, which no format makes small.
    const bytes = (await ada.evaluate(`(async () => {
      const canvas = new OffscreenCanvas(2400, 1200);
      const to = canvas.getContext('2d');
      const image = to.createImageData(2400, 1200);
      for (let at = 0; at < image.data.length; at += 65536) crypto.getRandomValues(image.data.subarray(at, at + 65536));
      to.putImageData(image, 0, 0);
      const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 1 });
      const reader = new FileReader();
      reader.readAsDataURL(blob);
      await new Promise((resolve) => reader.addEventListener('load', resolve));
      return reader.result.split(',')[1];
    })()`)) as string;
    const buffer = Buffer.from(bytes, 'base64');
    expect(buffer.length).toBeGreaterThan(2_000_000);
    await ada.locator('#image').setInputFiles({ name: 'noise.jpeg', mimeType: 'image/jpeg', buffer });
    const image = bob.locator('img[alt="noise.jpg"]');
    await shown(image);
    expect((await sizeOf(image)).width).toBeLessThanOrEqual(1_600);
  }, 60_000);

  it('cuts its link, recovers, and shows what was replayed', async () => {
    const { url } = await startSample('01-chat');
    const ada = await openPage(browser, url);
    const bob = await openPage(browser, url);
    await shown(ada.locator('#path', { hasText: 'upgraded to websocket after' }));
    await shown(ada.locator('#node', { hasText: `Node ${process.version}` }));
    const id = await ada.locator('#socket-id').textContent();
    await ada.getByRole('button', { name: 'Cut the link' }).click();
    await shown(ada.locator('#recovery', { hasText: 'The link is down.' }));
    await shown(bob.locator('#members', { hasText: 'connection lost' }));
    await say(bob, 'Are you away?');
    await shown(ada.locator('#recovery', { hasText: 'as the same socket: 4 events were replayed' }));
    await shown(ada.locator('#replayed', { hasText: 'message: Are you away?' }));
    await shown(ada.locator('#replayed', { hasText: 'Note 3 of 3' }));
    expect(await ada.locator('.message', { hasText: 'Are you away?' }).count()).toBe(1);
    expect(await ada.locator('#socket-id').textContent()).toBe(id);
    await shown(ada.locator('#trip', { hasText: /^\d+\.\d ms$/ }));
    await shown(ada.locator('#traffic', { hasText: /\d+ in, .* · \d+ out, / }));
    await shown(ada.locator('#packets', { hasText: '42/chat,' }));
  }, 60_000);

  it('is used by keyboard alone', async () => {
    const { url } = await startSample('01-chat');
    const page = await openPage(browser, url, SCREENS.phone);
    const reached: string[] = [];
    for (let step = 0; step < 9; step++) {
      await page.keyboard.press('Tab');
      reached.push((await page.evaluate('document.activeElement.id')) as string);
    }
    expect(reached).toEqual([
      'share',
      'people-button',
      'inspector-button',
      'log',
      'invite',
      'name',
      'image',
      'text',
      'send',
    ]);
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.type('first line');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('second line');
    await page.keyboard.press('Enter');
    await shown(page.locator('.own p', { hasText: /first line\nsecond line/ }));
    await page.locator('#people-button').focus();
    await page.keyboard.press('Enter');
    await shown(page.locator('#people'));
    expect(await page.evaluate('document.activeElement.dataset.close')).toBe('people');
    await page.keyboard.press('Escape');
    expect(await page.evaluate('document.activeElement.id')).toBe('people-button');
  }, 60_000);
});

/** A page of the chat that is connected. */
async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = SCREENS.desktop,
): Promise<Page> {
  const page = await open(browser, url, options);
  await shown(page.locator('#connection[data-state="connected"]'));
  return page;
}

async function rename(page: Page, name: string): Promise<void> {
  await page.getByLabel('You are').fill(name);
  await page.getByLabel('You are').press('Enter');
}

async function say(page: Page, text: string): Promise<void> {
  await page.locator('#text').fill(text);
  await page.locator('#text').press('Enter');
  await page.locator('.own .message', { hasText: text }).last().waitFor({ state: 'attached' });
}

function shown(locator: Locator): Promise<void> {
  return locator.first().waitFor({ state: 'visible' });
}

/** Asks until it is so; the page's own timeout ends it. */
async function until(page: Page, isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await page.evaluate('new Promise(requestAnimationFrame)');
}

async function boxOf(page: Page, selector: string): Promise<{ x: number; y: number; width: number; height: number }> {
  return (await page.locator(selector).boundingBox())!;
}

/** The size of the picture itself, once it is decoded. */
function sizeOf(image: Locator): Promise<{ width: number; height: number }> {
  return image.evaluate(async (element) => {
    const decoded = element as unknown as { decode(): Promise<void>; naturalWidth: number; naturalHeight: number };
    await decoded.decode();
    return { width: decoded.naturalWidth, height: decoded.naturalHeight };
  });
}

async function violationsInBoth(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    found.push(...(await violations(page)));
  }
  return found;
}
