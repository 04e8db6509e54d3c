import type { ServerOptions } from '../../src/socketio/index.js';
import type { Frame } from '../support/engine-client.js';
import { TRANSPORTS, joinedPeer, openPeer, untilGone, type Peer } from '../support/peer.js';
import { startServer, type RunningServer } from '../support/server.js';
import { nextEvent } from '../support/until.js';

interface Bound {
  options: ServerOptions;
  /** Engine.IO packets at the bound, which are taken. */
  within: Frame[];
  /** The same with one more, which ends the session. */
  beyond: Frame[];
  reason?: string;
  code: string;
}

const SLOT = '{"_placeholder":true,"num":';
const two = (first: number, second: number): Frame[] => [
  `452-["e",${SLOT}0},${SLOT}1}]`,
  Buffer.alloc(first),
  Buffer.alloc(second),
];

/** A text message of so many bytes. */
function event(bytes: number, filling = 'x'): string {
  const [head, tail] = ['42["e","', '"]'];
  const room = bytes - head.length - tail.length;
  const width = Buffer.byteLength(filling);
  return head + filling.repeat(Math.floor(room / width)) + 'x'.repeat(room % width) + tail;
}

const BOUNDS: [string, Bound][] = [
  [
    'maxEventNameLength',
    {
      options: { maxEventNameLength: 8 },
      within: ['42["12345678"]'],
      beyond: ['42["123456789"]'],
      code: 'EVENT_NAME_TOO_LONG',
    },
  ],
  [
    'maxEventNameLength, in bytes',
    { options: { maxEventNameLength: 8 }, within: ['42["€€ab"]'], beyond: ['42["€€€"]'], code: 'EVENT_NAME_TOO_LONG' },
  ],
  [
    'maxEventNameLength, of a binary event',
    {
      options: { maxEventNameLength: 8 },
      within: [`451-["12345678",${SLOT}0}]`, Buffer.of(1)],
      beyond: [`451-["123456789",${SLOT}0}]`],
      code: 'EVENT_NAME_TOO_LONG',
    },
  ],
  [
    'maxEventArgs',
    {
      options: { maxEventArgs: 3 },
      within: ['42["e",1,2,3]'],
      beyond: ['42["e",1,2,3,4]'],
      code: 'TOO_MANY_ARGUMENTS',
    },
  ],
  [
    'maxEventArgs, of an ack',
    { options: { maxEventArgs: 3 }, within: ['430[1,2,3]'], beyond: ['430[1,2,3,4]'], code: 'TOO_MANY_ARGUMENTS' },
  ],
  [
    'maxNamespaceLength',
    {
      options: { maxNamespaceLength: 10 },
      within: ['40/known'.padEnd(12, '-')],
      beyond: ['40/known'.padEnd(13, '-')],
      code: 'INVALID_NAMESPACE',
    },
  ],
  [
    'maxNamespaceLength, in bytes',
    { options: { maxNamespaceLength: 10 }, within: ['40/€€€'], beyond: ['40/€€€a'], code: 'INVALID_NAMESPACE' },
  ],
  [
    'the characters of a namespace',
    { options: {}, within: ['40/ ~'], beyond: ['40/a\x1f'], code: 'INVALID_NAMESPACE' },
  ],
  [
    'maxAttachments',
    { options: { maxAttachments: 2 }, within: two(1, 1), beyond: ['453-["e"]'], code: 'TOO_MANY_ATTACHMENTS' },
  ],
  [
    'maxAttachmentBytes',
    { options: { maxAttachmentBytes: 10 }, within: two(6, 4), beyond: two(6, 5), code: 'ATTACHMENTS_TOO_LARGE' },
  ],
  [
    'maxJsonDepth',
    { options: { maxJsonDepth: 4 }, within: ['42["e",[[[]]]]'], beyond: ['42["e",[[[[]]]]]'], code: 'JSON_TOO_DEEP' },
  ],
  [
    'maxJsonDepth, of an ack',
    { options: { maxJsonDepth: 4 }, within: ['430[[[[]]]]'], beyond: ['430[[[[[]]]]]'], code: 'JSON_TOO_DEEP' },
  ],
  [
    'ack ids',
    {
      options: {},
      within: ['429007199254740991["e"]', '439007199254740991[]'],
      beyond: ['429007199254740992["e"]'],
      code: 'INVALID_ACK_ID',
    },
  ],
  [
    'maxBatchPackets',
    {
      options: { maxBatchPackets: 3 },
      within: ['3\x1e42["e"]\x1e3'],
      beyond: ['3\x1e42["e"]\x1e3\x1e3'],
      code: 'BATCH_TOO_LARGE',
    },
  ],
  [
    'maxHttpBufferSize',
    {
      options: { maxHttpBufferSize: 200 },
      within: [event(200)],
      beyond: [event(201)],
      reason: 'transport error',
      code: 'PAYLOAD_TOO_LARGE',
    },
  ],
  [
    'maxHttpBufferSize, in bytes',
    {
      options: { maxHttpBufferSize: 200 },
      within: [event(200, '€')],
      beyond: [event(201, '€')],
      reason: 'transport error',
      code: 'PAYLOAD_TOO_LARGE',
    },
  ],
];

describe.each(TRANSPORTS)('bounds of a packet, over %s', (transport) => {
  it.each(BOUNDS)(
    '%s: takes what is at the bound and closes upon one more [N1, I13, K2, R2, L3]',
    async (_name, bound) => {
      const { server, bystander } = await serve(bound.options);
      const peer = await joinedPeer(transport, server.url);

      await peer.send(...bound.within);
      expect(await echoes(peer)).toBe(true);
      const closed = nextClose(server);
      await peer.send(...bound.beyond).catch(() => {});
      await untilGone(peer);

      const { reason = 'parse error', code } = bound;
      expect(await closed).toEqual([reason, expect.objectContaining({ code })]);
      expect(await echoes(bystander)).toBe(true);
      expect(server.errors).toEqual([]);
    },
  );

  it('maxAttachmentBytes is ten times maxHttpBufferSize unless it is set', async () => {
    const { server, bystander } = await serve({ maxHttpBufferSize: 500, pollingMaxBufferSize: 100_000 });
    const peer = await joinedPeer(transport, server.url);
    const packet = (sizes: number[]): Frame[] => [
      `45${sizes.length}-["e",${sizes.map((_, i) => `${SLOT}${i}}`).join()}]`,
      ...sizes.map((size) => Buffer.alloc(size)),
    ];
    const ten = Array<number>(10).fill(500);

    await peer.send(...packet(ten));
    expect(await echoes(peer)).toBe(true);
    const closed = nextClose(server);
    await peer.send(...packet([...ten, 1]));
    await untilGone(peer);

    expect(await closed).toEqual(['parse error', expect.objectContaining({ code: 'ATTACHMENTS_TOO_LARGE' })]);
    expect(await echoes(bystander)).toBe(true);
  });

  it('maxAuthPayload refuses the CONNECT and nothing else [A1]', async () => {
    const { server, bystander } = await serve({ maxAuthPayload: 20 });
    const peer = await openPeer(transport, server.url);

    await peer.send('40{"a":"éééééé"}');
    expect(await peer.next()).toMatch(/^40\{/);
    await peer.send('40/a,{"a":"ééééééx"}');

    expect(await peer.next()).toBe('44/a,{"message":"Invalid auth payload"}');
    expect(await echoes(bystander)).toBe(true);
  });

  it('maxNamespaces refuses one more, until one is left', async () => {
    const { server, bystander } = await serve({ maxNamespaces: 2 });
    const peer = await joinedPeer(transport, server.url);

    await peer.send('40/a,');
    expect(await peer.next()).toMatch(/^40\/a,/);
    await peer.send('40/b,');
    expect(await peer.next()).toBe('44/b,{"message":"Too many namespaces"}');
    await peer.send('41/a,', '40/b,');
    expect(await peer.next()).toMatch(/^40\/b,/);
    expect(await echoes(peer)).toBe(true);
    expect(await echoes(bystander)).toBe(true);
  });

  it('maxNamespaces counts those that are still being decided', async () => {
    const { server } = await serve({ maxNamespaces: 2 });
    const pending: (() => void)[] = [];
    server.io.of('/a').use((_socket, next) => void pending.push(next));
    const peer = await joinedPeer(transport, server.url);

    await peer.send('40/a,', '40/b,');

    expect(await peer.next()).toBe('44/b,{"message":"Too many namespaces"}');
    pending[0]();
    expect(await peer.next()).toMatch(/^40\/a,/);
  });
});

describe('pollingMaxBufferSize', () => {
  it('bounds a body apart from a message over WebSocket', async () => {
    const { server, bystander } = await serve({ maxHttpBufferSize: 1000, pollingMaxBufferSize: 200 });
    const [polling, websocket] = [await joinedPeer('polling', server.url), await joinedPeer('websocket', server.url)];

    await polling.send(event(200));
    await websocket.send(event(1000));
    expect([await echoes(polling), await echoes(websocket)]).toEqual([true, true]);
    const closed = nextClose(server, -2);

    expect(await polling.send(event(201))).toMatchObject({ status: 413 });

    expect(await closed).toEqual(['transport error', expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' })]);
    expect([await echoes(websocket), await echoes(bystander)]).toEqual([true, true]);
  });
});

/** A server, and a client that has nothing to do with what follows. */
async function serve(options: ServerOptions): Promise<{ server: RunningServer; bystander: Peer }> {
  const server = await startServer(options);
  for (const name of ['/a', '/b', '/known----', '/€€€', '/ ~']) server.io.of(name);
  return { server, bystander: await joinedPeer('websocket', server.url) };
}

/** Whether an event comes back; what else arrives is passed over. */
async function echoes(peer: Peer): Promise<boolean> {
  await peer.send('42["echo"]');
  let packet: Frame;
  do packet = await peer.next();
  while (packet !== '42["echo"]');
  return true;
}

/** Why the youngest session ends, or an older one. */
function nextClose(server: RunningServer, age = -1): Promise<unknown[]> {
  return nextEvent([...server.io.engine.sessions.values()].at(age)!, 'close');
}
