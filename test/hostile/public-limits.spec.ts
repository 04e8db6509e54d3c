import { jest } from '@jest/globals';
import { HandshakeRate } from '../../src/engine/handshake/handshake-rate.js';
import { OptionReader, resolveEngineOptions, ENGINE_DEFAULTS } from '../../src/engine/index.js';
import { EventRateLimiter, resolveRateLimit } from '../../src/socketio/inbound/rate-limit.js';
import { cleanup } from '../support/cleanup.js';
import { UpgradeRefused, WireSocket, openWebSocket } from '../support/engine-client.js';
import { startServer } from '../support/server.js';

const PUBLIC = new OptionReader({ limits: 'public' });
const { maxConnectionsPerIp, maxHandshakesPerSecond } = resolveEngineOptions(PUBLIC, ENGINE_DEFAULTS);

const OFFICE = '203.0.113.1';
const SECOND = 1_000;

describe("limits: 'public'", () => {
  it('lets 200 clients behind one address come back at once, while the server still has the connections that they lost', async () => {
    const { io, url } = await startServer({ limits: 'public', trustProxy: true });

    const lost = await connectAll(url, OFFICE, 200);
    const back = await connectAll(url, OFFICE, 200);

    expect([lost.refused, back.refused]).toEqual([0, 0]);
    expect(io.stats().sockets.now).toBe(400);
    expect(io.engine.stats().refused).toEqual({});
  }, 60_000);

  it('holds one address that opens connections without end, and lets others in', async () => {
    const { io, url } = await startServer({ limits: 'public', trustProxy: true, maxHandshakesPerSecond: 100_000 });

    const { refused } = await connectAll(url, OFFICE, maxConnectionsPerIp + 50);
    const others = await connectAll(url, '203.0.113.2', 5);

    expect(refused).toBe(50);
    expect(others.refused).toBe(0);
    expect(io.engine.stats().refused).toEqual({ TOO_MANY_CONNECTIONS_PER_IP: 50 });
  }, 60_000);

  it('lets an office in within 20 s of a restart, while 100 other addresses come back as well', () => {
    const rate = new HandshakeRate(maxHandshakesPerSecond);
    // As the official client waits: 1 s, doubled until 5 s, each half as much more or less.
    const clients = Array.from({ length: 200 }, (_, i) => ({ key: 'office', due: 500 + i * 5, delay: SECOND }));
    for (let i = 0; i < 2_000; i++) clients.push({ key: `address ${i % 100}`, due: 500 + (i % 1_000), delay: SECOND });
    const times = storm(rate, clients);
    expect(Math.max(...times.office)).toBeLessThan(20 * SECOND);
  });

  it('holds an address that asks for handshakes without end to its share, once another one asks', () => {
    const rate = new HandshakeRate(maxHandshakesPerSecond);
    let taken = 0;
    let refusedOther = 0;
    for (let now = 0; now < 10 * SECOND; now++) {
      for (let i = 0; i < 20; i++) if (rate.take('attacker', now) === null) taken++;
      if (now % 10 === 5 && rate.take('other', now) !== null) refusedOther++;
    }
    expect(taken).toBeLessThanOrEqual(maxHandshakesPerSecond * 6);
    expect(refusedOther).toBeLessThan(100);
  });

  describe('rateLimit', () => {
    it.each([
      ['someone who types ten characters a second, each of which is told', 10, 600],
      ['a cursor that is told 60 times a second', 60, 3_600],
      ['a game that sends 100 inputs a second', 100, 6_000],
    ])('lets pass %s', (_who, perSecond, events) => {
      const limiter = publicLimiter();
      const refused = Array.from({ length: events }, (_, i) => limiter.takeAt((i * SECOND) / perSecond)).filter(
        Boolean,
      );
      expect(refused).toHaveLength(0);
    });

    it('lets 200 events pass at once that waited for a connection, and refuses one more', () => {
      const limiter = publicLimiter();
      const waits = Array.from({ length: 201 }, () => limiter.takeAt(0));
      expect(waits.slice(0, 200).filter(Boolean)).toHaveLength(0);
      expect(waits[200]).toBe(10);
    });

    it('holds a flood of 10,000 events a second to 100', () => {
      const limiter = publicLimiter();
      let passed = 0;
      for (let i = 0; i < 100_000; i++) if (limiter.takeAt(i / 10) === 0) passed++;
      expect(passed).toBe(200 + 10 * 100 - 1);
    });

    it('is at work in a server that has this switch alone', async () => {
      const { io, url } = await startServer({ limits: 'public' });
      const peer = await openWebSocket(url);
      peer.send('40');
      for (let i = 0; i < 400; i++) peer.send(`42${i}["echo"]`);
      const answers: string[] = [];
      while (answers.length < 400) {
        const frame = String(await peer.next());
        if (frame.startsWith('43')) answers.push(frame);
      }
      const refused = answers.filter((answer) => answer.includes('RATE_LIMITED')).length;
      expect(refused).toBeGreaterThan(0);
      expect(refused).toBeLessThanOrEqual(200);
      expect(io.stats().rateLimited).toBe(refused);
    });
  });
});

/** Opens so many WebSockets of an address at once, each in the main namespace. */
async function connectAll(url: string, address: string, count: number): Promise<{ refused: number }> {
  const opened = await Promise.allSettled(Array.from({ length: count }, () => connect(url, address)));
  const failures = opened.filter((each) => each.status === 'rejected').map(({ reason }) => reason as unknown);
  for (const failure of failures) expect(failure).toBeInstanceOf(UpgradeRefused);
  return { refused: failures.length };
}

async function connect(url: string, address: string): Promise<WireSocket> {
  const socket = await openWebSocket(url, { headers: { 'X-Forwarded-For': address } });
  socket.send('40');
  await socket.next();
  await socket.next();
  return socket;
}

/** When each client of an address got in, if all ask again after a refusal. */
function storm(rate: HandshakeRate, clients: { key: string; due: number; delay: number }[]): Record<string, number[]> {
  const times: Record<string, number[]> = {};
  const waiting = [...clients];
  for (let now = 0; waiting.length > 0; now++) {
    for (let i = waiting.length - 1; i >= 0; i--) {
      const client = waiting[i];
      if (client.due > now) continue;
      if (rate.take(client.key, now) === null) {
        (times[client.key] ??= []).push(now);
        waiting.splice(i, 1);
      } else {
        client.delay = Math.min(client.delay * 2, 5 * SECOND);
        // Half as much more or less, spread evenly.
        client.due = now + Math.round(client.delay * (0.5 + ((i * 7) % 10) / 10));
      }
    }
  }
  return times;
}

function publicLimiter(): { takeAt(time: number): number } {
  const limiter = new EventRateLimiter(resolveRateLimit(PUBLIC)!);
  const now = jest.spyOn(performance, 'now');
  cleanup(() => now.mockRestore());
  return {
    takeAt(time) {
      now.mockReturnValue(time);
      return limiter.take('event');
    },
  };
}
