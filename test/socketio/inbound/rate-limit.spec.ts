import { jest } from '@jest/globals';
import type { RateLimitOptions, ServerOptions } from '../../../src/socketio/index.js';
import { MODULE_DEFAULTS, OptionError, SERVER_DEFAULTS, resolveServerOptions } from '../../../src/socketio/index.js';
import { EventRateLimiter, resolveRateLimit } from '../../../src/socketio/inbound/rate-limit.js';
import { OptionReader } from '../../../src/common/option-reader.js';
import { cleanup } from '../../support/cleanup.js';
import type { Frame } from '../../support/engine-client.js';
import { TRANSPORTS, joinedPeer, untilGone } from '../../support/peer.js';
import { startServer, type RunningServer } from '../../support/server.js';
import { nextEvent, until } from '../../support/until.js';

/** So long that no token comes back while a test runs. */
const LONG = 3_600_000;

const SLOT = '{"_placeholder":true,"num":0}';

describe('EventRateLimiter', () => {
  it('takes a token of neither bound for an event that one of them refuses, and tells the longer wait', () => {
    const rules = resolveRateLimit(
      new OptionReader({ rateLimit: { limit: 1, interval: 1_000, events: { rare: { limit: 1, interval: LONG } } } }),
    )!;
    const limiter = new EventRateLimiter(rules);
    const now = jest.spyOn(performance, 'now');
    cleanup(() => now.mockRestore());
    const takeAt = (time: number, event: string): number => {
      now.mockReturnValue(time);
      return limiter.take(event);
    };

    expect([takeAt(0, 'e'), takeAt(0, 'rare')]).toEqual([0, 1_000]);
    expect(takeAt(1_000, 'rare')).toBe(0);
    expect(takeAt(1_000, 'rare')).toBe(LONG);
    expect(takeAt(2_000, 'rare')).toBe(LONG - 1_000);
    expect(takeAt(2_000, 'e')).toBe(0);
  });
});

describe.each(TRANSPORTS)('rateLimit, over %s', (transport) => {
  it('dispatches as many events as it says, and refuses one more with an error ack [limitation: rate limits]', async () => {
    const { server, heard } = await serve({ limit: 3, interval: LONG });
    const peer = await joinedPeer(transport, server.url);

    await peer.send('421["e",1]', '422["e",2]', '423["e",3]', '424["e",4]', '425["e",5]');

    const answers = [await peer.next(), await peer.next(), await peer.next(), await peer.next(), await peer.next()];
    expect(answers.slice(0, 3)).toEqual(['431[]', '432[]', '433[]']);
    for (const [i, answer] of answers.slice(3).entries()) {
      expect(String(answer)).toMatch(
        new RegExp(
          `^43${i + 4}\\[\\{"status":"error","message":"Too many events","code":"RATE_LIMITED","details":\\{"retryAfter":\\d+\\}\\}\\]$`,
        ),
      );
    }
    expect(heard).toEqual([
      ['e', 1],
      ['e', 2],
      ['e', 3],
    ]);
    expect(server.io.stats()).toMatchObject({ rateLimited: 2, sockets: { now: 1 } });
  });

  it('passes over, and counts, an event that asked for no ack; the socket stays', async () => {
    const { server, heard } = await serve({ limit: 1, interval: LONG });
    const peer = await joinedPeer(transport, server.url);

    await peer.send('42["e",1]', '42["e",2]', '42["e",3]', '424["e",4]');

    expect(await peer.next()).toMatch(/^434\[\{"status":"error"/);
    expect(heard).toEqual([['e', 1]]);
    expect(server.io.stats()).toMatchObject({ rateLimited: 3, sockets: { now: 1 }, disconnected: {} });
  });

  it('disconnects where it is told to, and says why', async () => {
    const { server, heard } = await serve({ limit: 2, interval: LONG, onLimit: 'disconnect' });
    const peer = await joinedPeer(transport, server.url);
    const socket = [...server.io.sockets.sockets.values()][0];
    const gone = nextEvent(socket, 'disconnect');

    await peer.send('42["e",1]', '42["e",2]', '423["e",3]', '424["e",4]');

    expect(await peer.next()).toBe('41');
    expect(await gone).toEqual([
      'server namespace disconnect',
      { code: 'RATE_LIMITED', message: 'the client sent too many events' },
    ]);
    expect(heard).toHaveLength(2);
    expect(server.io.stats()).toMatchObject({ rateLimited: 1, disconnected: { RATE_LIMITED: 1 }, sockets: { now: 0 } });
    // The limit is the connection's: all of it ends.
    await untilGone(peer);
    await until(() => server.io.engine.clientsCount === 0, 'the session ends');
  });

  it('bounds single events within that of all of them', async () => {
    const { server, heard } = await serve({ limit: 5, interval: LONG, events: { rare: { limit: 1, interval: LONG } } });
    const peer = await joinedPeer(transport, server.url);

    await peer.send(
      '42["rare"]',
      '42["rare"]',
      '42["e",1]',
      '42["e",2]',
      '42["e",3]',
      '42["e",4]',
      '42["e",5]',
      '429["rare"]',
    );

    expect(await peer.next()).toMatch(/^439\[\{"status":"error"/);
    expect(heard.map(([name, value]) => value ?? name)).toEqual(['rare', 1, 2, 3, 4]);
    expect(server.io.stats().rateLimited).toBe(3);
  });

  it('bounds single events alone', async () => {
    const { server, heard } = await serve({ events: { rare: { limit: 1, interval: LONG } } });
    const peer = await joinedPeer(transport, server.url);

    await peer.send('42["rare"]', ...Array<string>(50).fill('42["e"]'), '429["rare"]');

    expect(await peer.next()).toMatch(/^439\[\{"status":"error"/);
    expect(heard).toHaveLength(51);
  });

  it('counts a binary event as one, and refuses it whole', async () => {
    const { server, heard } = await serve({ limit: 1, interval: LONG });
    const peer = await joinedPeer(transport, server.url);
    const binary = (id: number): Frame[] => [`451-${id}["e",${SLOT}]`, Buffer.of(1, 2)];

    await peer.send(...binary(1), ...binary(2), ...binary(3));

    expect([await peer.next(), await peer.next(), await peer.next()]).toEqual([
      '431[]',
      expect.stringContaining('RATE_LIMITED'),
      expect.stringContaining('RATE_LIMITED'),
    ]);
    expect(heard).toEqual([['e', Buffer.of(1, 2)]]);
  });

  it('does not count acks', async () => {
    const { server } = await serve({ limit: 1, interval: LONG });
    const peer = await joinedPeer(transport, server.url);
    const [socket] = server.io.sockets.sockets.values();

    for (let i = 0; i < 5; i++) {
      const acked = socket.emitWithAck('q', i);
      const packet = String(await peer.next());
      await peer.send(`43${/^42(\d+)/.exec(packet)![1]}[${i}]`);
      expect(await acked).toBe(i);
    }
    await peer.send('421["e"]');
    expect(await peer.next()).toBe('431[]');
    expect(server.io.stats().rateLimited).toBe(0);
  });

  it('lets the next one pass once a token has come back', async () => {
    const { server } = await serve({ limit: 1, interval: 60 });
    const peer = await joinedPeer(transport, server.url);
    await peer.send('421["e"]', '422["e"]');
    await peer.next();
    const [, details] = /"retryAfter":(\d+)/.exec(String(await peer.next()))!;
    expect(Number(details)).toBeGreaterThan(0);
    expect(Number(details)).toBeLessThanOrEqual(60);

    let answer: Frame;
    do {
      await peer.send('429["e"]');
      answer = await peer.next();
    } while (answer !== '439[]');
    expect(server.io.stats().rateLimited).toBeGreaterThan(0);
  });
});

describe('rateLimit', () => {
  it('holds for each socket by itself, and for each namespace', async () => {
    const { server, heard } = await serve({ limit: 1, interval: LONG });
    const [first, second] = [await joinedPeer('websocket', server.url), await joinedPeer('websocket', server.url)];
    await first.send('40/a,');
    await first.next();

    await first.send('421["e",1]', '42/a,1["e",2]');
    await second.send('421["e",3]');

    expect([await first.next(), await first.next(), await second.next()]).toEqual(['431[]', '43/a,1[]', '431[]']);
    expect(heard).toHaveLength(3);
  });

  it('counts events that wait for the connect handler as they arrive', async () => {
    const { server } = await serve({ limit: 3, interval: LONG });
    let settle = (): void => {};
    const table = server.io.sockets.handlerTable();
    table.connect = () => new Promise<void>((resolve) => (settle = resolve));
    const handled: unknown[] = [];
    table.events.set('held', (_socket, args, reply) => {
      handled.push(args[0]);
      reply?.send([]);
    });
    const peer = await joinedPeer('websocket', server.url);

    await peer.send(...[1, 2, 3, 4, 5].map((n) => `42${n}["held",${n}]`));

    expect([await peer.next(), await peer.next()]).toEqual([
      expect.stringMatching(/^434.*RATE_LIMITED/),
      expect.stringMatching(/^435.*RATE_LIMITED/),
    ]);
    expect(handled).toEqual([]);
    settle();
    expect([await peer.next(), await peer.next(), await peer.next()]).toEqual(['431[]', '432[]', '433[]']);
    expect(handled).toEqual([1, 2, 3]);
  });

  it('does not count what this side fires, and lets onAny hear of no refused event', async () => {
    const { server, heard } = await serve({ limit: 1, interval: LONG });
    const peer = await joinedPeer('websocket', server.url);
    const [socket] = server.io.sockets.sockets.values();
    const any: unknown[] = [];
    socket.onAny((event) => any.push(event));

    for (let i = 0; i < 5; i++) socket.fire('e', i);
    await peer.send('421["e"]', '422["e"]');
    await peer.next();
    await peer.next();

    expect(heard).toHaveLength(6);
    expect(any).toHaveLength(6);
  });

  it('tells the table of handlers once, until an event passes again, of events without an ack', async () => {
    const { server } = await serve({ limit: 2, interval: LONG, events: { rare: { limit: 1, interval: LONG } } });
    const refused: unknown[] = [];
    server.io.sockets.handlerTable().onRefused = (_socket, error) => refused.push(error.code);
    const peer = await joinedPeer('websocket', server.url);

    await peer.send('42["rare"]', '42["rare"]', '42["rare"]', '42["e"]', '42["rare"]', '42["e"]');

    await until(() => server.io.stats().rateLimited === 4);
    expect(refused).toEqual(['RATE_LIMITED', 'RATE_LIMITED']);
  });

  it('lets a flood through at its rate and no faster, without a timer', async () => {
    const { server, heard } = await serve({ limit: 50, interval: 1_000, burst: 10 });
    const peer = await joinedPeer('websocket', server.url);
    const timers = server.io.wheel.size;
    const start = performance.now();

    for (let i = 0; i < 5_000; i++) await peer.send('42["e"]');
    await peer.send('429["e"]');
    await until(() => heard.length + server.io.stats().rateLimited === 5_001);

    const passed = performance.now() - start;
    expect(heard.length).toBeGreaterThanOrEqual(10);
    expect(heard.length).toBeLessThanOrEqual(10 + passed / 20 + 1);
    expect(server.io.wheel.size).toBe(timers);
  });

  it('is off by default, in both servers', async () => {
    for (const defaults of [SERVER_DEFAULTS, MODULE_DEFAULTS]) {
      expect(resolveServerOptions({}, defaults).rateLimit).toBeNull();
    }
    const server = await startServer();
    const peer = await joinedPeer('websocket', server.url);
    await peer.send(...Array<string>(500).fill('42["x"]'), '421["echo"]');
    expect(await peer.next()).toBe('431[]');
  });

  it.each<[string, unknown]>([
    ['no object', 5],
    ['nothing', {}],
    ['no limit', { interval: 1_000 }],
    ['a limit of 0', { limit: 0 }],
    ['half an event', { limit: 1.5 }],
    ['an interval of 0', { limit: 1, interval: 0 }],
    ['an endless interval', { limit: 1, interval: Infinity }],
    ['a burst of 0', { limit: 1, burst: 0 }],
    ['a misspelt part', { limit: 1, intervall: 5 }],
    ['another action', { limit: 1, onLimit: 'ignore' }],
    ['a list of events', { limit: 1, events: ['a'] }],
    ['an event without a rate', { events: { a: 5 } }],
    ['an event with a misspelt rate', { events: { a: { limits: 5 } } }],
  ])('refuses %s', (_what, rateLimit) => {
    const resolve = (): unknown => resolveServerOptions({ rateLimit } as ServerOptions, SERVER_DEFAULTS);
    expect(resolve).toThrow(OptionError);
    expect(resolve).toThrow(/rateLimit/);
  });
});

/** A server on which the events `e` and `rare` are heard and acked, and what was heard. */
async function serve(rateLimit: RateLimitOptions): Promise<{ server: RunningServer; heard: unknown[][] }> {
  const server = await startServer({ rateLimit });
  const heard: unknown[][] = [];
  const listen = (socket: { on(event: string, listener: (...args: unknown[]) => void): unknown }): void => {
    for (const name of ['e', 'rare']) {
      socket.on(name, (...args) => {
        const ack = typeof args.at(-1) === 'function' ? (args.pop() as () => void) : null;
        heard.push([name, ...args]);
        ack?.();
      });
    }
  };
  server.io.on('connection', listen);
  server.io.of('/a').on('connection', listen);
  return { server, heard };
}
