import type { Socket } from '../../../src/socketio/index.js';
import { TRANSPORTS, joinedPeer, type Peer, type PeerTransport } from '../../support/peer.js';
import { startServer } from '../../support/server.js';
import { nextEvent } from '../../support/until.js';

async function connected(transport: PeerTransport) {
  const server = await startServer();
  const joined = nextEvent(server.io, 'connection');
  const peer = await joinedPeer(transport, server.url);
  const [socket] = (await joined) as [Socket];
  return { ...server, peer, socket };
}

/** The id of the ack that the next event asks for. */
async function askedId(peer: Peer): Promise<string> {
  return /^42(\d+)\[/.exec(String(await peer.next()))![1];
}

describe.each(TRANSPORTS)('acks that this side asks for, over %s', (transport) => {
  it.each([
    ['[[1,2]]', [[1, 2]]],
    ['[1,2]', [1, 2]],
    ['[null]', [null]],
    ['[]', []],
  ])('hand every argument of %s to the callback [Q3] [limitation: ack arguments]', async (payload, args) => {
    const { socket, peer } = await connected(transport);
    const answered = new Promise((resolve) => socket.emit('ask', (...given: unknown[]) => resolve(given)));

    await peer.send(`43${await askedId(peer)}${payload}`);

    expect(await answered).toEqual(args);
  });

  it('resolve to the first argument, to nothing where there is none [Q2]', async () => {
    const { socket, peer } = await connected(transport);
    const answers = [socket.emitWithAck('a'), socket.emitWithAck('b')];

    await peer.send(`43${await askedId(peer)}["first","second"]`, `43${await askedId(peer)}[]`);

    expect(await Promise.all(answers)).toEqual(['first', undefined]);
  });

  it('have an id of their own, which no event without an ack uses up [Q1]', async () => {
    const { socket, peer } = await connected(transport);
    for (let i = 0; i < 3; i++) {
      socket.emit('plain');
      socket.emit('ask', () => {});
    }
    const packets = [];
    for (let i = 0; i < 6; i++) packets.push(await peer.next());
    expect(packets).toEqual(['42["plain"]', '420["ask"]', '42["plain"]', '421["ask"]', '42["plain"]', '422["ask"]']);
  });

  it('are all told of the end, once each, before disconnect is [Q5, Q9, C4]', async () => {
    const { io, socket, peer } = await connected(transport);
    const order: unknown[] = [];
    const calls = Array<number>(10_000).fill(0);
    for (let i = 0; i < calls.length; i++) {
      socket.timeout(60_000).emit('ask', (error: { code: string }) => {
        calls[i]++;
        if (i === 0) order.push(['ack', error.code, socket.connected, io.sockets.sockets.has(socket.id)]);
      });
    }
    socket.on('disconnecting', () => order.push(['disconnecting', socket.connected]));
    socket.on('disconnect', () => order.push(['disconnect', socket.connected]));
    const gone = nextEvent(socket, 'disconnect');

    await peer.send('41', '430["too late"]');
    await gone;

    expect(order).toEqual([
      ['disconnecting', true],
      ['ack', 'ACK_DISCONNECTED', false, false],
      ['disconnect', false],
    ]);
    expect(new Set(calls)).toEqual(new Set([1]));
    expect(io.wheel.size).toBeLessThanOrEqual(2);
  });

  it('fail at once, with nothing sent, where the socket is gone already [Q6, C7]', async () => {
    const { io, socket, peer } = await connected(transport);
    socket.data.user = 'ada';
    const seen: unknown[] = [];
    socket.on('disconnect', () => {
      socket.timeout(1_000).emit('ask', (error: { code: string }) => seen.push(error.code));
      seen.push(socket.connected, io.sockets.sockets.has(socket.id), socket.data.user, socket.emit('late'));
    });

    const gone = nextEvent(socket, 'disconnect');
    await peer.send('41');
    await gone;
    await peer.send('40');

    expect(seen).toEqual(['ACK_DISCONNECTED', false, false, 'ada', true]);
    expect(await peer.next()).toMatch(/^40\{/);
  });
});

describe('an ack of this side', () => {
  it('is spent where it is dropped, and counted [K6]', async () => {
    const { io, url, errors } = await startServer({ dropFramesOnOverflow: true, sendQueueBytes: 100 });
    const joined = nextEvent(io, 'connection');
    const peer = await joinedPeer('polling', url);
    const [socket] = (await joined) as [Socket];
    socket.on('ask', (ack) => {
      socket.emit('fills', 'x'.repeat(80));
      ack('dropped'.repeat(10));
      ack('second');
    });

    await peer.send('421["ask"]');

    expect(await peer.next()).toMatch(/^42\["fills"/);
    expect(io.stats().dropped).toBe(1);
    expect(errors).toEqual([expect.objectContaining({ code: 'SEND_QUEUE_OVERFLOW', dropped: 1 })]);
    socket.emit('end');
    expect(await peer.next()).toBe('42["end"]');
  });
});
