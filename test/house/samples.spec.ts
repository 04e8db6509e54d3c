import { execFile } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { cleanup } from '../support/cleanup.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { describeWith } from '../support/requirements.js';
import { buildSamples, startSample } from '../support/sample.js';
import { nextEvent } from '../support/until.js';

interface Sample {
  readonly title: string;
  readonly talk: (url: string) => Promise<void>;
  readonly env?: Readonly<Record<string, string>>;
  /** What a client has to show. */
  readonly auth?: (url: string) => Promise<object>;
}

/** What is true of each sample: its page, and a conversation with its server. */
const SAMPLES: Readonly<Record<string, Sample>> = {
  '01-chat': { title: 'Chat', talk: chat },
  '02-observed': { title: 'Observed', talk: observed },
  '03-contract': { title: 'Tea room', talk: orderTea },
  '04-fleet': { title: 'Fleet', talk: sail, auth: () => Promise.resolve({ name: 'Ada' }) },
  '05-auth': {
    title: 'Auth',
    talk: signIn,
    // Long enough for a busy machine, short enough to see the end of a token.
    env: { ACCESS_SECONDS: '4' },
    auth: async (url) => ({ token: (await post(url, '/sign-in', { name: 'ada', password: 'tea' })).access }),
  },
  '06-uploads': { title: 'Uploads', talk: upload },
};

/** More than what a helper waits for one thing, so that it can say what it waited for. */
const TIMEOUT = 60_000;

beforeAll(buildSamples, 300_000);

describe('sample', () => {
  it('has no folder that is not tried here', () => {
    expect(readdirSync(path.resolve(import.meta.dirname, '../../sample')).sort()).toEqual(Object.keys(SAMPLES));
  });

  for (const [name, sample] of Object.entries(SAMPLES)) {
    if (name === '04-fleet') describeWith('redis-server', name, () => suite(name, sample));
    else describe(name, () => suite(name, sample));
  }

  function suite(name: string, { title, talk, env, auth }: Sample): void {
    it(
      'serves its page',
      async () => {
        const { url } = await startSample(name);
        const response = await fetch(url);
        expect(response.status).toBe(200);
        expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
        const html = await response.text();
        expect(html).toContain(`<title>${title}</title>`);
        for (const file of linkedFiles(html)) {
          const { status } = await fetch(new URL(file, url));
          expect({ file, status }).toEqual({ file, status: 200 });
        }
      },
      TIMEOUT,
    );

    it(
      'talks to the official client',
      async () => {
        const { url } = await startSample(name, 0, env);
        await talk(url);
      },
      TIMEOUT,
    );

    it.each([
      ['SIGTERM', 'websocket'],
      ['SIGTERM', 'polling'],
      ['SIGINT', 'websocket'],
    ] as const)(
      'stops on %s while a client is connected over %s',
      async (signal, transport) => {
        const sample = await startSample(name);
        await openUnused(sample.port);
        const client = await connectClient(sample.url, {
          auth: (await auth?.(sample.url)) ?? {},
          transports: [transport],
        });
        const left = nextEvent(client, 'disconnect');
        const [ending, [reason]] = await Promise.all([sample.stop(signal), left]);
        expect(ending).toEqual({ code: 0, signal: null });
        // A poll ends without a close packet, which some clients would take for the end; the next one fails.
        expect(reason).toBe(transport === 'websocket' ? 'transport close' : 'transport error');
      },
      TIMEOUT,
    );
  }
});

/** Each of three clients is on a node of its own, and hears what the others say. */
async function sail(url: string): Promise<void> {
  const clients = await Promise.all(
    ['Ada', 'Bob', 'Eve'].map((name) => connectClient(url, { auth: { name }, transports: ['polling', 'websocket'] })),
  );
  const heard = clients.map((client) => nextEvent(client, 'said'));
  const message = { id: randomUUID(), text: 'Ahoy' };
  const node: unknown = await clients[0].emitWithAck('say', message);
  expect(await clients[0].emitWithAck('say', message)).toBe(node);
  for (const args of await Promise.all(heard)) expect(args.slice(0, 3)).toEqual(['Ada', 'Ahoy', node]);
  const refused = createClient(url, { auth: { name: '' } });
  const [error] = await nextEvent(refused.connect(), 'connect_error');
  expect((error as Error).message).toBe('Who are you?');
}

async function observed(url: string): Promise<void> {
  const text = async (path: string): Promise<string> => (await fetch(new URL(path, url))).text();
  const client = await connectClient(url, { auth: { token: 'a secret' } });
  expect(await client.emitWithAck('message', 'a private word')).toEqual({ delivered: true });
  expect(await client.emitWithAck('message', '')).toMatchObject({ status: 'error', code: 'EMPTY' });
  const answers = await Promise.all(['/spans', '/metrics', '/health/live', '/health/ready'].map(text));
  const [spans, metrics, live, ready] = answers;
  expect(JSON.parse(spans)).toEqual(['connect /', 'send /', '/message', '/message']);
  expect(metrics).toContain('socketio_server_active_connections{socketio_transport="websocket"} 1');
  expect(metrics).toMatch(/rpc_server_call_duration_seconds_count\{[^}]*error_type="EMPTY"[^}]*\} 1/);
  expect(JSON.parse(live)).toEqual({ status: 'ok' });
  expect(JSON.parse(ready)).toMatchObject({ status: 'ok', details: { socketio: { state: 'open', sessions: 1 } } });
  expect(answers.join()).not.toMatch(/a secret|a private word/);
}

async function orderTea(url: string): Promise<void> {
  const guest = await connectClient(`${url}/orders`, { auth: { guest: 'Ada' } });
  const ordered = nextEvent(guest, 'ordered');
  const order = { drink: 'Mint', size: 'cup', amount: 2 };
  const ticket = await guest.emitWithAck('order', order);
  expect(ticket).toEqual({ number: 1, order, guest: 'Ada', servedBy: null });
  expect(await ordered).toEqual([ticket]);
  expect(await guest.emitWithAck('serve', 1)).toMatchObject({ servedBy: 'Ada' });
  expect(await guest.emitWithAck('serve', 2)).toMatchObject({ status: 'error', code: 'NO_SUCH_ORDER' });
  expect(await guest.emitWithAck('order', { ...order, amount: 0 })).toMatchObject({
    code: 'INVALID_ARGUMENTS',
    details: [{ path: [0, 'amount'] }],
  });
  const refused = createClient(`${url}/orders`, { auth: { guest: '' } });
  const [error] = await nextEvent(refused.connect(), 'connect_error');
  expect(error).toMatchObject({ message: 'Invalid auth', data: { code: 'INVALID_AUTH' } });
}

async function signIn(url: string): Promise<void> {
  const ada = await post(url, '/sign-in', { name: 'ada', password: 'tea' });
  const bob = await post(url, '/sign-in', { name: 'bob', password: 'tea' });
  await expect(post(url, '/sign-in', { name: 'ada', password: 'coffee' })).rejects.toThrow('401');
  for (const namespace of ['/', '/account']) {
    const stranger = createClient(url + namespace, { auth: { token: `${ada.access}x` } });
    const [refusal] = await nextEvent(stranger.connect(), 'connect_error');
    expect(refusal).toMatchObject({ message: 'Please sign in', data: { code: 'UNAUTHORIZED' } });
  }

  const laptop = await connectClient(`${url}/account`, { auth: { token: ada.access } });
  const phone = await connectClient(`${url}/account`, { auth: { token: ada.access } });
  const other = await connectClient(`${url}/account`, { auth: { token: bob.access } });
  const expiring = nextEvent(laptop, 'credentials_expired');
  expect(await laptop.emitWithAck('whoami')).toEqual({ id: 'ada', isAdmin: true });
  const heard = nextEvent(other, 'announcement');
  expect(await laptop.emitWithAck('announce', 'tea!')).toEqual({ heardBy: 3 });
  expect(await heard).toEqual(['tea!', 'ada']);
  expect(await other.emitWithAck('announce', 'coffee!')).toMatchObject({ status: 'error', code: 'FORBIDDEN' });
  expect(await other.emitWithAck('renew', ada.access)).toMatchObject({ code: 'FORBIDDEN' });

  await expiring;
  const ended = nextEvent(other, 'disconnect');
  const renewed = await post(url, '/refresh', { refresh: ada.refresh });
  await expect(post(url, '/refresh', { refresh: ada.refresh })).rejects.toThrow('401');
  for (const client of [laptop, phone]) {
    expect(await client.emitWithAck('renew', renewed.access)).toEqual({ expiresAt: expect.any(Number) });
  }
  // Who has not renewed is disconnected; who has stays, until signed out.
  expect((await ended)[0]).toBe('io server disconnect');
  expect(await laptop.emitWithAck('whoami')).toMatchObject({ id: 'ada' });
  const out = [laptop, phone].map((client) => nextEvent(client, 'disconnect'));
  await fetch(`${url}/sign-out`, requestOf({ access: renewed.access }));
  await Promise.all(out);
  await expect(post(url, '/refresh', { refresh: renewed.refresh })).rejects.toThrow('401');
}

async function post(url: string, path: string, body: object): Promise<{ access: string; refresh: string }> {
  const response = await fetch(url + path, requestOf(body));
  if (!response.ok) throw new Error(String(response.status));
  return response.json() as Promise<{ access: string; refresh: string }>;
}

function requestOf(body: object): RequestInit {
  return { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
}

async function upload(url: string): Promise<void> {
  const data = randomBytes(400_000);
  const sha256 = createHash('sha256').update(data).digest('hex');
  const first = await connectClient(`${url}/uploads`);
  const { id, chunkBytes } = await first.emitWithAck('begin', { name: 'noise.bin', size: data.length });
  const start = data.subarray(0, chunkBytes);
  expect(await first.emitWithAck('chunk', { id, offset: 0 }, start)).toEqual({ offset: chunkBytes });
  expect(await first.emitWithAck('finish', id)).toMatchObject({ code: 'INCOMPLETE' });
  first.disconnect();

  const second = await connectClient(`${url}/uploads`);
  expect(await second.emitWithAck('resume', id)).toEqual({ offset: chunkBytes });
  // The ack of the first chunk was lost: it comes again, and changes nothing.
  expect(await second.emitWithAck('chunk', { id, offset: 0 }, start)).toEqual({ offset: chunkBytes });
  const large = Buffer.alloc(chunkBytes + 1);
  expect(await second.emitWithAck('chunk', { id, offset: chunkBytes }, large)).toMatchObject({
    code: 'INVALID_ARGUMENTS',
  });
  await second.emitWithAck('chunk', { id, offset: chunkBytes }, data.subarray(chunkBytes));
  expect(await second.emitWithAck('finish', id)).toEqual({ name: 'noise.bin', size: data.length, sha256 });
  expect(await second.emitWithAck('resume', id)).toMatchObject({ code: 'UPLOAD_UNKNOWN' });

  const file = path.join(path.resolve(import.meta.dirname, '../..'), 'package-lock.json');
  const client = path.join(import.meta.dirname, '../../sample/06-uploads/dist/client.js');
  const { stdout } = await promisify(execFile)(process.execPath, [client, file], { env: { ...process.env, URL: url } });
  expect(stdout).toContain('100 %');
  expect(stdout).toContain(createHash('sha256').update(readFileSync(file)).digest('hex'));
}

/** With recovery on, events have one more argument behind those of the contract: the offset. */
async function chat(url: string): Promise<void> {
  const key = randomUUID();
  const auth = { key, name: ' Ada ', room: 'tea' };
  const ada = createClient(`${url}/chat`, { auth });
  const welcomed = nextEvent(ada.connect(), 'welcome');
  expect((await welcomed)[0]).toEqual({
    you: { id: expect.any(String), name: 'Ada', state: 'here', seen: null },
    people: [expect.objectContaining({ name: 'Ada' })],
    history: [],
    node: { host: expect.any(String), pid: expect.any(Number), version: process.version },
  });
  const came = nextEvent(ada, 'person');
  const bob = await connectClient(`${url}/chat`, {
    auth: { ...auth, key: randomUUID(), name: 'ADA' },
    transports: ['polling'],
  });
  // Two people are never called the same.
  expect((await came)[0]).toMatchObject({ name: 'ADA 2' });
  expect(await bob.emitWithAck('rename', 'Bob')).toMatchObject({ name: 'Bob' });

  const heard = nextEvent(bob, 'message');
  const said = { id: randomUUID(), text: ' milk? ' };
  const receipt = await ada.emitWithAck('say', said);
  expect(receipt).toEqual({ at: expect.any(Number) });
  expect((await heard)[0]).toMatchObject({ id: said.id, at: receipt.at, from: { name: 'Ada' }, text: 'milk?' });
  // A second try, as if the receipt had been lost.
  expect(await ada.emitWithAck('say', said)).toEqual(receipt);

  const seen = nextEvent(ada, 'seen');
  bob.emit('seen', said.id);
  expect((await seen)[1]).toBe(said.id);

  const shown = nextEvent(ada, 'message');
  const data = Buffer.from([0x89, 0x50, 0x4e, 0x47]);
  const image = { id: randomUUID(), name: 'cup.png', type: 'image/png' };
  await bob.emitWithAck('show', image, data);
  expect((await shown)[0]).toMatchObject({ from: { name: 'Bob' }, image: { name: 'cup.png', data } });
  expect(await bob.emitWithAck('show', { ...image, id: randomUUID(), type: 'image/svg+xml' }, data)).toMatchObject({
    code: 'INVALID_ARGUMENTS',
    details: [{ path: [0, 'type'], message: 'This is no PNG, JPEG, GIF or WebP' }],
  });

  const left = nextEvent(ada, 'left');
  bob.disconnect();
  expect((await left)[0]).toEqual(expect.any(String));

  // Somebody who comes later gets what was said.
  const eve = createClient(`${url}/chat`, { auth: { ...auth, key: randomUUID(), name: 'Eve' } });
  const history = nextEvent(eve.connect(), 'welcome');
  expect((await history)[0]).toMatchObject({ history: [{ text: 'milk?' }, { image: { data } }] });
  const refused = createClient(`${url}/chat`, { auth: { ...auth, name: ' ' } });
  const [error] = await nextEvent(refused.connect(), 'connect_error');
  expect(error).toMatchObject({ data: { details: [{ message: 'Please enter a name' }] } });
}

/** A connection without a request, as browsers open them ahead of need. */
async function openUnused(port: number): Promise<void> {
  const connection = createConnection(port, 'localhost');
  cleanup(() => connection.destroy());
  await once(connection, 'connect');
}

function linkedFiles(html: string): string[] {
  return Array.from(html.matchAll(/(?:src|href)="(\/[^"]*)"/g), (match) => match[1]);
}
