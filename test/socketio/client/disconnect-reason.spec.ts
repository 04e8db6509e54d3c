import type { DisconnectDetails, DisconnectReason, Socket } from '../../../src/socketio/index.js';
import { openPolling, poll, push, request, type PollingSession, type WireSocket } from '../../support/engine-client.js';
import { connectClient } from '../../support/official-client.js';
import { openSession } from '../../support/socketio-client.js';
import { startServer, type RunningServer } from '../../support/server.js';
import { nextEvent, nextRequest } from '../../support/until.js';

interface Over<Peer> {
  server: RunningServer;
  socket: Socket;
  peer: Peer;
}

type Case<Peer> = [cause: string, reason: DisconnectReason, code: string, act: (over: Over<Peer>) => unknown];

const BOTH: Case<WireSocket | PollingSession>[] = [
  [
    'this side disconnects the socket',
    'server namespace disconnect',
    'SERVER_DISCONNECT',
    ({ socket }) => socket.disconnect(),
  ],
  [
    'this side ends the connection',
    'server namespace disconnect',
    'SERVER_DISCONNECT',
    ({ socket }) => socket.disconnect(true),
  ],
  [
    'disconnectSockets() does',
    'server namespace disconnect',
    'SERVER_DISCONNECT',
    ({ server }) => server.io.disconnectSockets(),
  ],
  ['this side closes the session', 'forced close', 'SERVER_CLOSED', ({ socket }) => socket.conn.close(true)],
  ['the engine closes', 'forced close', 'SERVER_CLOSED', ({ server }) => server.io.engine.close()],
  ['the server closes', 'server shutting down', 'SERVER_SHUTDOWN', ({ server }) => void server.io.close()],
  [
    'the session shuts down',
    'server shutting down',
    'SERVER_SHUTDOWN',
    ({ socket }) => socket.connection.conn.closeForShutdown(),
  ],
];

describe('disconnect reasons and details, over WebSocket', () => {
  it.each<Case<WireSocket>>([
    ...BOTH,
    ['the client leaves', 'client namespace disconnect', 'CLIENT_DISCONNECT', ({ peer }) => peer.send('41')],
    ['the client closes the session', 'transport close', 'PEER_CLOSED', ({ peer }) => peer.send('1')],
    ['the client closes the WebSocket', 'transport close', 'TRANSPORT_CLOSED', ({ peer }) => peer.close()],
    ['the client pings', 'transport error', 'HEARTBEAT_DIRECTION', ({ peer }) => peer.send('2')],
    ['the client opens again', 'parse error', 'INVALID_PACKET', ({ peer }) => peer.send('0')],
    ['a frame is of no known type', 'parse error', 'INVALID_PACKET', ({ peer }) => peer.send('x')],
    ['a packet is malformed', 'parse error', 'INVALID_PACKET', ({ peer }) => peer.send('42{}')],
    ['an event has no name', 'parse error', 'INVALID_EVENT', ({ peer }) => peer.send('42[]')],
    ['the client connects anew', 'client namespace disconnect', 'CLIENT_DISCONNECT', ({ peer }) => peer.send('40')],
    ['a packet is for elsewhere', 'parse error', 'NOT_CONNECTED', ({ peer }) => peer.send('42/elsewhere,["a"]')],
    ['bytes belong to no packet', 'parse error', 'UNEXPECTED_ATTACHMENT', ({ peer }) => peer.send(Uint8Array.of(1))],
    ['text is not UTF-8', 'transport error', 'INVALID_UTF8', ({ peer }) => peer.sendAsText(Uint8Array.of(0x34, 0xff))],
    ['a frame is too large', 'transport error', 'PAYLOAD_TOO_LARGE', ({ peer }) => peer.send('4'.repeat(1001))],
    ['the client is silent', 'ping timeout', 'PING_TIMEOUT', () => {}],
  ])('%s: %s, %s', async (_cause, reason, code, act) => {
    const server = await startServer(optionsFor(code));
    const joined = nextEvent(server.io, 'connection');
    const peer = await openSession(server.url);
    peer.send('40');
    const [socket] = (await joined) as [Socket];

    expect(await ending(socket, () => act({ server, socket, peer }))).toEqual({ reason, code });
    expect(server.errors).toEqual([]);
  });
});

describe('disconnect reasons and details, over polling', () => {
  it.each<Case<PollingSession>>([
    ...BOTH,
    ['the client leaves', 'client namespace disconnect', 'CLIENT_DISCONNECT', ({ peer }) => push(peer, '41')],
    ['the client closes the session', 'transport close', 'PEER_CLOSED', ({ peer }) => push(peer, '1')],
    ['the client pings', 'transport error', 'HEARTBEAT_DIRECTION', ({ peer }) => push(peer, '2')],
    ['a packet is of no known type', 'parse error', 'INVALID_PACKET', ({ peer }) => push(peer, 'x')],
    ['a packet is malformed', 'parse error', 'INVALID_PACKET', ({ peer }) => push(peer, '42{}')],
    ['bytes are not base64', 'parse error', 'INVALID_BASE64', ({ peer }) => push(peer, 'b!')],
    ['a body is too large', 'transport error', 'PAYLOAD_TOO_LARGE', ({ peer }) => push(peer, '4'.repeat(1001))],
    ['a body has too many packets', 'parse error', 'BATCH_TOO_LARGE', ({ peer }) => push(peer, '3\x1e3\x1e3\x1e3')],
    ['a body is binary', 'parse error', 'INVALID_CONTENT_TYPE', ({ peer }) => pushBinary(peer)],
    ['two polls wait', 'transport error', 'POLL_OVERLAP', ({ peer }) => Promise.all([poll(peer), poll(peer)])],
    ['a waiting poll is given up', 'transport error', 'POLL_ABORTED', ({ peer, server }) => abandonPoll(peer, server)],
    ['the client is silent', 'ping timeout', 'PING_TIMEOUT', () => {}],
  ])('%s: %s, %s', async (_cause, reason, code, act) => {
    const server = await startServer({ ...optionsFor(code), maxBatchPackets: 3 });
    const joined = nextEvent(server.io, 'connection');
    const peer = await openPolling(server.url);
    await push(peer, '40');
    const [socket] = (await joined) as [Socket];
    await poll(peer);

    expect(await ending(socket, () => act({ server, socket, peer }))).toEqual({ reason, code });
  });
});

describe('disconnect reasons, as the official client hears of them', () => {
  it.each<[string, string, (over: { server: RunningServer; socket: Socket }) => unknown]>([
    ['disconnect()', 'io server disconnect', ({ socket }) => socket.disconnect()],
    ['disconnect(true)', 'io server disconnect', ({ socket }) => socket.disconnect(true)],
    ['conn.close()', 'transport close', ({ socket }) => socket.conn.close()],
    ['close()', 'transport close', ({ server }) => void server.io.close()],
  ])('%s is "%s"', async (_call, reason, act) => {
    const server = await startServer();
    const joined = nextEvent(server.io, 'connection');
    const client = await connectClient(server.origin);
    const [socket] = (await joined) as [Socket];
    const gone = nextEvent(client, 'disconnect');

    act({ server, socket });

    expect((await gone)[0]).toBe(reason);
  });
});

describe('disconnecting', () => {
  it('comes before disconnect, with the same reason, while the rooms are still there [C5]', async () => {
    const server = await startServer();
    const joined = nextEvent(server.io, 'connection');
    const client = await connectClient(server.origin);
    const [socket] = (await joined) as [Socket];
    await socket.join(['a', 'b']);
    const order: unknown[] = [];
    socket.on('disconnecting', (reason, details) => {
      order.push(['disconnecting', reason, details.code, [...socket.rooms].length, socket.connected]);
    });
    socket.on('disconnect', (reason, details) => {
      order.push(['disconnect', reason, details.code, [...socket.rooms].length, socket.connected]);
    });
    const gone = nextEvent(socket, 'disconnect');

    client.disconnect();
    await gone;

    expect(order).toEqual([
      ['disconnecting', 'client namespace disconnect', 'CLIENT_DISCONNECT', 3, true],
      ['disconnect', 'client namespace disconnect', 'CLIENT_DISCONNECT', 0, false],
    ]);
  });

  it('comes once where a listener disconnects again [C3]', async () => {
    const server = await startServer();
    const joined = nextEvent(server.io, 'connection');
    await connectClient(server.origin);
    const [socket] = (await joined) as [Socket];
    let calls = 0;
    socket.on('disconnecting', () => {
      if (++calls < 5) socket.disconnect(true);
    });
    let ends = 0;
    socket.on('disconnect', () => ends++);

    socket.disconnect();

    expect(ends).toBe(1);
  });
});

const SMALL = { maxHttpBufferSize: 1000, closeTimeout: 100 };
const IMPATIENT = { ...SMALL, pingInterval: 60, pingTimeout: 40 };

/** Only the case that is about silence has a short time for it: a busy machine would end the others by it. */
function optionsFor(code: string): typeof SMALL {
  return code === 'PING_TIMEOUT' ? IMPATIENT : SMALL;
}

/** Why the socket ended, which both listeners are told. */
async function ending(socket: Socket, act: () => unknown): Promise<{ reason: string; code: string }> {
  const told: [DisconnectReason, DisconnectDetails][] = [];
  socket.on('disconnecting', (...args) => told.push(args));
  const gone = nextEvent(socket, 'disconnect') as Promise<[DisconnectReason, DisconnectDetails]>;
  const acted = Promise.resolve(act()).catch(() => {});
  const [reason, details] = await gone;
  await acted;
  expect(told).toEqual([[reason, details]]);
  expect(details.message).toMatch(/\S/);
  return { reason, code: details.code };
}

function pushBinary(session: PollingSession): Promise<unknown> {
  return request(session.url, {
    method: 'POST',
    body: Uint8Array.of(4),
    headers: { 'content-type': 'application/octet-stream' },
  });
}

async function abandonPoll(session: PollingSession, server: RunningServer): Promise<void> {
  const aborter = new AbortController();
  const asked = nextRequest(server.http);
  const polled = poll(session, aborter.signal);
  await asked;
  aborter.abort();
  await polled.catch(() => {});
}
