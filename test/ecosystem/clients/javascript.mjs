/**
 * `socket.io-client` of any version, on Node, Bun or Deno: `javascript.mjs FILE URL polling|websocket|both`.
 * Like each of the programs beside it, it prints a line of JSON for each check, and asks for what only the server can do.
 */
import { Buffer } from 'node:buffer';
import { createInterface } from 'node:readline';
import process from 'node:process';

const [file, url, transports] = process.argv.slice(2);
const loaded = await import(file);
const io = loaded.io ?? loaded.default;
const PATIENCE = 15_000;
const OPTIONS = {
  forceNew: true,
  reconnectionDelay: 100,
  reconnectionDelayMax: 500,
  ...(transports !== 'both' && { transports: [transports] }),
};

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const socket = io(url, OPTIONS);

await check('connect', async () => {
  await on(socket, 'connect');
  if (transports === 'both') await until(() => socket.io.engine.transport.name === 'websocket');
});
await check('refuse', async () => {
  const refused = io(`${url}/private`, { ...OPTIONS, auth: { token: 'wrong' }, query: { token: 'wrong' } });
  const event = loaded.protocol === 4 ? 'error' : 'connect_error';
  const reason = await on(refused, event);
  refused.close();
  same(reason.message ?? reason, loaded.protocol === 4 ? { code: 7 } : 'not allowed');
});
await check('allow', async () => {
  const allowed = io(`${url}/private`, { ...OPTIONS, auth: { token: 'secret' }, query: { token: 'secret' } });
  await on(allowed, 'connect');
  same(await ask(allowed, 'sum', 1, 2), 3);
  allowed.close();
});
await check('acks', async () => {
  socket.on('question', (number, ack) => ack(number + 22));
  same(await ask(socket, 'sum', 40, 2), 42);
  same(await ask(socket, 'ask'), 42);
});
await check('binary', async () => {
  const value = { list: [bytes(1, 2, 255), { deep: bytes(0) }], text: 'ü€😀', none: null };
  same(readable(await ask(socket, 'echo', value)), readable(value));
  socket.emit('repeat', value);
  same(readable(await on(socket, 'repeated')), readable(value));
});
await check('burst', async () => {
  for (let i = 0; i < 1_000; i++) socket.emit('count', i);
  same(await ask(socket, 'total'), 1_000);
  let next = 0;
  socket.on('tick', (number) => (next = number === next ? next + 1 : NaN));
  socket.emit('ticks', 1_000);
  await until(() => next === 1_000);
});
await check('kick', async () => {
  const kicked = io(url, OPTIONS);
  await on(kicked, 'connect');
  kicked.emit('kick');
  same(await on(kicked, 'disconnect'), 'io server disconnect');
  await new Promise((resolve) => setTimeout(resolve, 700));
  same(kicked.connected, false);
  kicked.close();
});
await check('restart', () => comesBack('crash'));
await check('shutdown', () => comesBack('shutdown'));
socket.close();
process.exit();

async function comesBack(want) {
  const gone = on(socket, 'disconnect');
  print({ want });
  await lines.next();
  await gone;
  await until(() => socket.connected);
  same(await ask(socket, 'sum', 20, 3), 23);
}

async function check(name, run) {
  const started = performance.now();
  try {
    await run();
    print({ check: name, ok: true, ms: Math.round(performance.now() - started) });
  } catch (error) {
    print({ check: name, ok: false, detail: String(error.message ?? error) });
  }
}

function on(emitter, event) {
  return within(`"${event}"`, (resolve) => emitter.once(event, resolve));
}

function ask(emitter, event, ...args) {
  return within(`the ack of "${event}"`, (resolve) => emitter.emit(event, ...args, resolve));
}

function until(condition) {
  return within(String(condition), (resolve) => {
    const timer = setInterval(() => {
      if (!condition()) return;
      clearInterval(timer);
      resolve();
    }, 10);
    setTimeout(() => clearInterval(timer), PATIENCE);
  });
}

function within(what, start) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`waited for ${what}`)), PATIENCE);
    start((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}

function same(actual, expected) {
  const [one, other] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${one} instead of ${other}`);
}

function bytes(...values) {
  // What clients of Socket.IO 2 take for binary on Node.
  return Buffer.from(values);
}

/** Bytes arrive as whatever the platform has for them. */
function readable(value) {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    const view =
      value instanceof ArrayBuffer
        ? new Uint8Array(value)
        : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return `bytes ${[...view].join(' ')}`;
  }
  if (Array.isArray(value)) return value.map(readable);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, readable(each)]));
}

function print(line) {
  console.log(JSON.stringify(line));
}
