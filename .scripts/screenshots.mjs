/**
 * Takes the pictures of the chat that docs/images has: a conversation of three people, on a desktop, on a phone with and
 * without its keyboard, light and dark. Wants Chromium and a built sample/01-chat.
 *
 *   node .scripts/screenshots.mjs [folder]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';

const folder = process.argv[2] ?? 'docs/images';
const PHONE = { viewport: { width: 390, height: 780 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
const KEYBOARD = { width: 390, height: 480 };
const DESKTOP = { viewport: { width: 1_280, height: 800 }, deviceScaleFactor: 1.5 };

const server = spawn(process.execPath, ['sample/01-chat/dist/main.js'], {
  env: { ...process.env, PORT: '0' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const [line] = await once(server.stdout.setEncoding('utf8'), 'data');
  const url = `${/http:\S+/.exec(line)[0]}/?room=tea-time`;
  mkdirSync(folder, { recursive: true });
  await takeAll(url);
} finally {
  await browser.close();
  server.kill();
}

async function takeAll(url) {
  const ada = await open(url, 'Ada', DESKTOP);
  const night = await open(url, 'Grace', { ...DESKTOP, colorScheme: 'dark' });
  const linus = await open(url, 'Linus', PHONE);
  await say(ada, 'Morning! Is the kettle on?');
  await say(linus, 'It is. Assam or Sencha?');
  await say(linus, 'There is some mint left, too.');
  await say(night, 'Sencha for me, please');
  await say(ada, 'Assam. I bring the cups – these:');
  await ada.locator('#image').setInputFiles({ name: 'cups.png', mimeType: 'image/png', buffer: await drawCups(ada) });
  await linus.locator('img').waitFor();
  await say(ada, 'Two minutes.');
  await ada.locator('[data-latest]', { hasText: 'Seen by all' }).waitFor();
  // Round trips of three pages that load are not those of a chat.
  for (const page of [ada, night])
    await page.locator('#trip-median', { hasText: / of [3-9]\d/ }).waitFor({ timeout: 90_000 });
  await linus.locator('#text').pressSequentially('Lovely ones');
  await ada.locator('#cut').click();
  await ada.locator('#replayed li').nth(2).waitFor();
  await linus.locator('#text').press('End');
  await linus.locator('#text').pressSequentially('!');
  await ada.locator('#typing', { hasText: 'Linus' }).waitFor();
  await take(ada, 'chat-desktop');
  await take(night, 'chat-dark');
  await take(linus, 'chat-phone');
  await linus.setViewportSize(KEYBOARD);
  await linus.locator('#text').click();
  await take(linus, 'chat-phone-keyboard');
}

async function open(url, name, options) {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  const page = await context.newPage();
  await page.goto(url);
  await page.locator('#connection[data-state="connected"]').waitFor();
  const field = page.getByLabel('You are');
  await field.fill(name);
  await field.press('Enter');
  await page.locator('#members', { hasText: name }).waitFor({ state: 'attached' });
  return page;
}

async function say(page, text) {
  await page.locator('#text').fill(text);
  await page.locator('#text').press('Enter');
  await page
    .locator('.own .message', { hasText: text })
    .locator('.status', { hasText: /^S/ })
    .last()
    .waitFor({ state: 'attached' });
}

/** Three cups, drawn by the browser. */
async function drawCups(page) {
  const bytes = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(640, 360);
    const to = canvas.getContext('2d');
    const sky = to.createLinearGradient(0, 0, 0, 360);
    sky.addColorStop(0, '#fde6c8');
    sky.addColorStop(1, '#f3b98b');
    to.fillStyle = sky;
    to.fillRect(0, 0, 640, 360);
    to.fillStyle = '#8a5a44';
    to.fillRect(0, 270, 640, 90);
    for (const [index, color] of ['#2f6f73', '#d95d39', '#f2f0e6'].entries()) {
      const x = 95 + index * 165;
      to.lineWidth = 14;
      to.strokeStyle = color;
      to.beginPath();
      to.ellipse(x + 118, 215, 28, 30, 0, 0, Math.PI * 2);
      to.stroke();
      to.fillStyle = color;
      to.beginPath();
      to.roundRect(x, 160, 115, 120, [6, 6, 44, 44]);
      to.fill();
      to.fillStyle = '#5a3a22';
      to.beginPath();
      to.ellipse(x + 57, 162, 57, 11, 0, 0, Math.PI * 2);
      to.fill();
      to.strokeStyle = 'rgba(255, 255, 255, 0.75)';
      to.lineWidth = 6;
      to.lineCap = 'round';
      for (const shift of [35, 75]) {
        to.beginPath();
        to.moveTo(x + shift, 135);
        to.bezierCurveTo(x + shift - 22, 110, x + shift + 22, 90, x + shift, 62);
        to.stroke();
      }
    }
    return [...new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer())];
  });
  return Buffer.from(bytes);
}

async function take(page, name) {
  await page.mouse.move(0, 0);
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 82 });
  const file = path.join(folder, `${name}.webp`);
  const bytes = Buffer.from(data, 'base64');
  writeFileSync(file, bytes);
  console.log(file, bytes.length);
}
