import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Server, type ServerOptions, type ServerStats } from '../../src/socketio/index.js';
import { openWebSocket, request, type Frame } from '../support/engine-client.js';
import { TRANSPORTS, joinedPeer, openPeer, untilGone, type Peer, type PeerTransport } from '../support/peer.js';
import { startServer, type RunningServer } from '../support/server.js';
import { until } from '../support/until.js';

const SLOT = '{"_placeholder":true,"num":0}';

describe('Server#stats', () => {
  it('is all zeros before there is an engine', () => {
    expect(new Server().stats()).toEqual({
      sessions: { now: 0, opened: 0, byTransport: { polling: 0, websocket: 0, webtransport: 0 } },
      queued: { bytes: 0, largest: 0, sessions: 0 },
      packets: { in: 0, out: 0 },
      bytes: { in: 0, out: 0 },
      refused: {},
      closed: {},
      failedUpgrades: {},
      dropped: 0,
      sockets: { now: 0, opened: 0, byNamespace: { '/': 0 } },
      connectRefused: {},
      disconnected: {},
      pendingAcks: 0,
      unknownEvents: 0,
      rateLimited: 0,
      unansweredAcks: 0,
      undecidedEvents: 0,
      errors: 0,
    });
  });

  it.each(TRANSPORTS)('counts what happens over %s to the last one', async (transport) => {
    const server = await startServer();
    const { io } = server;
    io.of('/a');
    io.of('/shut').use((_socket, next) => next(new Error('no')));
    io.of('/broken').use(() => {
      throw new Error('broken');
    });
    io.of(/^\/room-\d+$/);
    io.on('connection', (socket) => {
      socket.on('fail', () => {
        throw new Error('of a handler');
      });
    });
    const peer = await joinedPeer(transport, server.url);
    for (const [connect, answer] of [
      ['40/a,', /^40\/a,/],
      ['40/room-1,', /^40\/room-1,/],
      ['40/room-2,', /^40\/room-2,/],
      ['40/shut,', /^44/],
      ['40/broken,', /^44/],
      ['40/nowhere,', /^44/],
    ] as const) {
      await peer.send(connect);
      expect(await peer.next()).toMatch(answer);
    }
    await peer.send('421["echo"]');
    await peer.next();
    await peer.send('42["nobody"]', '42["nobody"]', '42["fail"]');
    await until(() => io.stats().errors === 2);
    const [socket] = io.sockets.sockets.values();
    socket.emit('q', () => {});
    socket.timeout(60_000).emit('q', () => {});
    await peer.next();
    await peer.next();

    expect(io.stats()).toMatchObject({
      sessions: { now: 1, opened: 1 },
      // CONNECT seven times and four events; the open packet, seven answers, an ack and two events.
      packets: { in: 11, out: 11 },
      sockets: {
        now: 4,
        opened: 4,
        byNamespace: { '/': 1, '/a': 1, '/shut': 0, '/broken': 0, [String(/^\/room-\d+$/)]: 2 },
      },
      connectRefused: { REFUSED: 1, INTERNAL_ERROR: 1, UNKNOWN_NAMESPACE: 1 },
      disconnected: {},
      pendingAcks: 2,
      unknownEvents: 2,
      rateLimited: 0,
      unansweredAcks: 0,
      undecidedEvents: 0,
      errors: 2,
      closed: {},
      failedUpgrades: {},
    });

    await peer.send('41/a,');
    socket.disconnect();
    await until(() => io.stats().sockets.now === 2);
    expect(io.stats()).toMatchObject({ disconnected: { CLIENT_DISCONNECT: 1, SERVER_DISCONNECT: 1 }, pendingAcks: 0 });
    await peer.send('1');
    await until(() => io.engine.clientsCount === 0);
    expect(io.stats()).toMatchObject({
      sockets: { now: 0, opened: 4 },
      disconnected: { CLIENT_DISCONNECT: 1, SERVER_DISCONNECT: 1, PEER_CLOSED: 2 },
      closed: { PEER_CLOSED: 1 },
    });
  });

  it('names no namespace that a client chose', async () => {
    const server = await startServer();
    server.io.of((name, _auth, next) => next(null, name.startsWith('/any-')));
    const peer = await openPeer('websocket', server.url);
    for (let i = 0; i < 20; i++) {
      await peer.send(`40/any-${i},`);
      await peer.next();
    }
    expect(server.io.stats().sockets.byNamespace).toEqual({ '/': 0, '(function)': 20 });
  });
});

interface Row {
  /** Of the column "option" of the table in docs/limits.md. */
  option: string;
  options: ServerOptions;
  /** Engine.IO packets of a client in the main namespace, or what else goes over the bound. */
  beyond: Frame[] | ((server: RunningServer, transport: PeerTransport, peer: Peer) => unknown);
  counted: Partial<ServerStats> | ((stats: ServerStats) => boolean);
  only?: PeerTransport;
}

const LONG = 3_600_000;

/** What goes over each limit, and where it is counted. */
const ROWS: Row[] = [
  row('maxHttpBufferSize', { maxHttpBufferSize: 100 }, [event('e', 'x'.repeat(200))], closedBy('PAYLOAD_TOO_LARGE')),
  {
    ...row(
      'pollingMaxBufferSize',
      { pollingMaxBufferSize: 200 },
      [event('e', 'x'.repeat(300))],
      closedBy('PAYLOAD_TOO_LARGE'),
    ),
    only: 'polling',
  },
  row('maxBatchPackets', { maxBatchPackets: 2 }, ['3\x1e3\x1e3'], closedBy('BATCH_TOO_LARGE')),
  row('maxAuthPayload', { maxAuthPayload: 5 }, ['40/a,{"token":1}'], { connectRefused: { INVALID_AUTH_PAYLOAD: 1 } }),
  row('maxNamespaces', { maxNamespaces: 1 }, ['40/a,'], { connectRefused: { TOO_MANY_NAMESPACES: 1 } }),
  row('maxConnectsPerSecond', { maxConnectsPerSecond: 1, maxNamespaces: 1 }, ['41', '40', '41', '40'], {
    connectRefused: { TOO_MANY_CONNECTS: 1 },
  }),
  row('maxConnectRefusals', { maxConnectRefusals: 1 }, ['40/nowhere,'], closedBy('TOO_MANY_REFUSALS')),
  row('maxNamespaceLength', { maxNamespaceLength: 3 }, ['40/abc,'], closedBy('INVALID_NAMESPACE')),
  row('maxEventNameLength', { maxEventNameLength: 3 }, [event('abcd')], closedBy('EVENT_NAME_TOO_LONG')),
  row('maxEventArgs', { maxEventArgs: 1 }, [event('e', 1, 2)], closedBy('TOO_MANY_ARGUMENTS')),
  row('maxJsonDepth', { maxJsonDepth: 2 }, [event('e', [[[]]])], closedBy('JSON_TOO_DEEP')),
  row('maxAttachments', { maxAttachments: 0 }, [`451-["e",${SLOT}]`], closedBy('TOO_MANY_ATTACHMENTS')),
  row(
    'maxAttachmentBytes',
    { maxAttachmentBytes: 1 },
    [`451-["e",${SLOT}]`, Buffer.of(1, 2)],
    closedBy('ATTACHMENTS_TOO_LARGE'),
  ),
  row('attachmentTimeout', { attachmentTimeout: 20 }, [`451-["e",${SLOT}]`], closedBy('ATTACHMENT_TIMEOUT')),
  row('rateLimit', { rateLimit: { limit: 1, interval: LONG } }, [event('e'), event('e'), event('e')], {
    rateLimited: 2,
  }),
  row('rateLimit', { rateLimit: { limit: 1, interval: LONG, onLimit: 'disconnect' } }, [event('e'), event('e')], {
    rateLimited: 1,
    disconnected: { RATE_LIMITED: 1 },
  }),
  row(
    'maxPendingEvents',
    { maxPendingEvents: 1 },
    async ({ io, url }, transport) => {
      io.of('/a').handlerTable().connect = () => new Promise(() => {});
      const peer = await openPeer(transport, url);
      await peer.send('40/a,');
      await peer.next();
      await peer.send('42/a,["e"]', '42/a,["e"]');
    },
    { disconnected: { TOO_MANY_PENDING_EVENTS: 1 } },
  ),
  row('maxConnections', { maxConnections: 1 }, oneMore, { refused: { TOO_MANY_CONNECTIONS: 1 } }),
  row('maxConnectionsPerIp', { maxConnectionsPerIp: 1 }, oneMore, { refused: { TOO_MANY_CONNECTIONS_PER_IP: 1 } }),
  row(
    'maxHandshakesPerSecond',
    { maxHandshakesPerSecond: 1 },
    // A slow machine may take longer than a second for one.
    async (server, transport) => {
      for (let i = 0; i < 50 && server.io.stats().refused.TOO_MANY_HANDSHAKES === undefined; i++) {
        await oneMore(server, transport);
      }
    },
    { refused: { TOO_MANY_HANDSHAKES: 1 } },
  ),
  {
    ...row(
      'sendQueueBytes',
      { sendQueueBytes: 1_000, sendTimeout: 20 },
      ({ io }) => void flood(io),
      closedBy('SEND_QUEUE_OVERFLOW'),
    ),
    only: 'polling',
  },
  {
    ...row(
      'pollQueueMaxFrames',
      { pollQueueMaxFrames: 2, sendTimeout: 20 },
      ({ io }) => void flood(io),
      closedBy('SEND_QUEUE_OVERFLOW'),
    ),
    only: 'polling',
  },
  {
    ...row(
      'dropFramesOnOverflow',
      { sendQueueBytes: 1_000, dropFramesOnOverflow: true },
      ({ io }) => void flood(io),
      (stats) => stats.dropped > 0 && stats.sessions.now === 1,
    ),
    only: 'polling',
  },
];

/** Options of that table that bound nothing by themselves, or whose bound `test/engine` and `test/hostile` go over. */
const ELSEWHERE = [
  'limits',
  'maxPendingBytes',
  'maxUndecidedBytes',
  'maxPayload',
  'maxSendQueueBytes',
  'sendTimeout',
  'retrySendTimeout',
  'maxSendRetry',
  'sendQueueSize',
];

describe.each(TRANSPORTS)('each limit has a counter, over %s', (transport) => {
  it.each(
    ROWS.filter(({ only }) => only === undefined || only === transport).map((each) => [each.option, each] as const),
  )('%s', async (_option, { options, beyond, counted }) => {
    const server = await startServer(options);
    server.io.of('/a');
    const peer = await joinedPeer(transport, server.url);

    if (typeof beyond === 'function') await beyond(server, transport, peer);
    else await peer.send(...beyond).catch(() => {});
    // Over polling a client learns of its end when it asks.
    if (typeof beyond !== 'function') void untilGone(peer);

    const isCounted = (): boolean => {
      const stats = server.io.stats();
      return typeof counted === 'function' ? counted(stats) : isPart(counted, stats);
    };
    await until(isCounted, `it is counted: ${JSON.stringify(counted)}`);
    expect(server.errors.filter((error) => (error as { code?: string }).code === undefined)).toEqual([]);
  });
});

it('leaves no limit of the manual out [L2]', () => {
  const page = readFileSync(path.join(import.meta.dirname, '../../docs/limits.md'), 'utf8');
  const [, table] = /# Limits\n[^|]*\n((?:\|.*\n)+)/.exec(page)!;
  const options = table
    .split('\n')
    .slice(2)
    .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(options.length).toBeGreaterThan(15);
  const covered = new Set([...ROWS.map(({ option }) => option), ...ELSEWHERE]);
  expect(options.filter((name) => !covered.has(name))).toEqual([]);
});

function row(option: string, options: ServerOptions, beyond: Row['beyond'], counted: Row['counted']): Row {
  return { option, options, beyond, counted };
}

function event(...args: unknown[]): string {
  return `42${JSON.stringify(args)}`;
}

function closedBy(code: string): Partial<ServerStats> {
  return { closed: { [code]: 1 }, disconnected: { [code]: 1 } };
}

/** One more handshake, which has to be refused. */
async function oneMore({ url }: RunningServer, transport: PeerTransport): Promise<void> {
  if (transport === 'polling') await request(`${url}?EIO=4&transport=polling`);
  else await openWebSocket(url).catch(() => {});
}

/** More than a client that never polls can be owed. */
function flood(io: Server): void {
  for (let i = 0; i < 5; i++) io.emit('e', 'x'.repeat(600));
}

function isPart(part: object, whole: object): boolean {
  return Object.entries(part).every(([key, value]) => {
    const other = (whole as Record<string, unknown>)[key];
    return typeof value === 'object' ? isPart(value as object, (other ?? {}) as object) : value === other;
  });
}
