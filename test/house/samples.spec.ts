import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createConnection } from 'node:net';
import path from 'node:path';
import { cleanup } from '../support/cleanup.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { buildSamples, startSample } from '../support/sample.js';
import { nextEvent } from '../support/until.js';

/** What is true of each sample: its page, and a conversation with its server. */
const SAMPLES: Readonly<Record<string, { title: string; talk: (url: string) => Promise<void> }>> = {
  '01-chat': { title: 'Chat', talk: chat },
  '02-observed': { title: 'Observed', talk: observed },
  '03-contract': { title: 'Tea room', talk: orderTea },
};

/** More than what a helper waits for one thing, so that it can say what it waited for. */
const TIMEOUT = 30_000;

beforeAll(buildSamples, 120_000);

describe('sample', () => {
  it('has no folder that is not tried here', () => {
    expect(readdirSync(path.resolve(import.meta.dirname, '../../sample')).sort()).toEqual(Object.keys(SAMPLES));
  });

  describe.each(Object.entries(SAMPLES))('%s', (name, { title, talk }) => {
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
        const { url } = await startSample(name);
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
        const client = await connectClient(sample.url, { auth: { nickname: 'Ada' }, transports: [transport] });
        const left = nextEvent(client, 'disconnect');
        const [ending, [reason]] = await Promise.all([sample.stop(signal), left]);
        expect(ending).toEqual({ code: 0, signal: null });
        // A poll ends without a close packet, which some clients would take for the end; the next one fails.
        expect(reason).toBe(transport === 'websocket' ? 'transport close' : 'transport error');
      },
      TIMEOUT,
    );
  });
});

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

async function chat(url: string): Promise<void> {
  const ada = await connectClient(url, { auth: { nickname: ' Ada ' } });
  expect(await refusalOf(url, 'ADA')).toBe('The nickname “ADA” is taken.');
  expect(await refusalOf(url, ' ')).toBe('The nickname is empty.');
  const bob = await connectClient(url, { auth: { nickname: 'Bob' }, transports: ['polling'] });

  expect(await ada.emitWithAck('message', 'hello?')).toEqual({
    status: 'error',
    message: 'Join a room first.',
    code: 'NO_ROOM',
  });
  expect(await ada.emitWithAck('join', 'tea')).toEqual({ room: 'tea', members: ['Ada'] });
  const joined = nextEvent(ada, 'joined');
  expect(await bob.emitWithAck('join', 'tea')).toEqual({ room: 'tea', members: ['Ada', 'Bob'] });
  expect(await joined).toEqual(['Bob']);

  const heard = nextEvent(bob, 'message');
  const receipt = await ada.emitWithAck('message', 'milk?');
  expect(receipt).toEqual({ id: expect.any(String), at: expect.any(Number) });
  expect(await heard).toEqual([{ ...receipt, from: 'Ada', text: 'milk?' }]);

  const seen = nextEvent(ada, 'image');
  const data = Buffer.from([0x89, 0x50, 0x4e, 0x47]);
  await bob.emitWithAck('image', { name: 'cup.png', mime: 'image/png', data });
  expect(await seen).toMatchObject([{ from: 'Bob', name: 'cup.png', mime: 'image/png', data }]);
  const document = await bob.emitWithAck('image', { name: 'cup.svg', mime: 'image/svg+xml', data });
  expect(document).toMatchObject({ status: 'error', code: 'NOT_AN_IMAGE' });

  const left = nextEvent(ada, 'left');
  await bob.emitWithAck('leave');
  expect(await left).toEqual(['Bob']);

  await bob.emitWithAck('join', 'tea');
  const gone = nextEvent(ada, 'left');
  bob.disconnect();
  expect(await gone).toEqual(['Bob']);
  // The nickname is free again.
  await connectClient(url, { auth: { nickname: 'Bob' } });
}

/** A connection without a request, as browsers open them ahead of need. */
async function openUnused(port: number): Promise<void> {
  const connection = createConnection(port, 'localhost');
  cleanup(() => connection.destroy());
  await once(connection, 'connect');
}

async function refusalOf(url: string, nickname: string): Promise<string> {
  const client = createClient(url, { auth: { nickname } });
  const refused = nextEvent(client, 'connect_error');
  client.connect();
  const [error] = await refused;
  return (error as Error).message;
}

function linkedFiles(html: string): string[] {
  return Array.from(html.matchAll(/(?:src|href)="(\/[^"]*)"/g), (match) => match[1]);
}
