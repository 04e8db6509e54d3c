import { BroadcastDriver } from '../lib/broadcast-driver.mjs';
import { ClosedLoop } from '../lib/closed-loop.mjs';
import { IdleDriver } from '../lib/idle-driver.mjs';
import { Metered } from '../lib/metered.mjs';
import { PollingDriver } from '../lib/polling-driver.mjs';
import { documentPackets, documentRing, echoRing, takeRing } from '../lib/wire.mjs';

const OURS = ['ours'];
const OURS_AND_PEER = ['ours', 'socket.io'];
const KIB = 1024;
const SIZES = [
  { size: '200 B', bytes: 200 },
  { size: '2 KiB', bytes: 2 * KIB },
  { size: '20 KiB', bytes: 20 * KIB },
];

const deflating = (label, perMessageDeflate, more) => ({
  label,
  deflates: true,
  application: { options: { perMessageDeflate }, ...more },
});
const OFF = { label: 'off (default)', application: { options: { perMessageDeflate: false } } };
const ON = deflating('on, `{ threshold: 1024 }`', { threshold: KIB });
/** The peer knows neither a threshold nor `compress(false)` where it is on. */
const ONLY_OURS = [
  deflating('on, `threshold: 1_000_000`', { threshold: 1_000_000 }),
  deflating('on, `compress(false)` for each message', { threshold: KIB }, { compress: false }),
].map((setting) => ({ ...setting, servers: OURS }));
const WITHOUT_CONTEXT = deflating('on, `serverNoContextTakeover`', { threshold: KIB, serverNoContextTakeover: true });
const DEFLATE = [OFF, ON, ...ONLY_OURS, WITHOUT_CONTEXT];

const FLUSH = [
  { label: "'tick' (default)", application: { options: { flush: 'tick' } } },
  { label: "'immediate'", application: { options: { flush: 'immediate' } } },
];
const HTTP_COMPRESSION = [
  { label: 'on, `{ threshold: 1024 }` (default)', application: { options: { httpCompression: { threshold: KIB } } } },
  { label: 'off', application: { options: { httpCompression: false } } },
];

const TRACING = [
  { label: 'off', application: {} },
  { label: 'OpenTelemetry, 1 % of spans', application: { tracing: 0.01 } },
  { label: 'OpenTelemetry, all spans', application: { tracing: 1 } },
];

/**
 * Scenarios that one server plays with several settings, side by side: what a setting costs, and what it saves.
 *
 * @type {import('./index.mjs').Scenario[]}
 */
export const settings = [
  {
    name: 'settings-deflate',
    title: '`perMessageDeflate`: a document for the one of 50 clients that asks',
    unit: 'message',
    measures: 'cpu',
    playedBy: 'settings',
    servers: OURS_AND_PEER,
    settings: DEFLATE,
    variants: SIZES.map(({ size, bytes }) => ({ label: size, quick: size === '2 KiB', server: { feed: { bytes } } })),
    createDriver: ({ server: { feed } }, target) =>
      new Metered(new ClosedLoop(target, { ring: documentRing(feed.bytes), connections: 50, inFlight: 1 })),
  },
  {
    name: 'settings-deflate-broadcast',
    title: '`perMessageDeflate`: a document for all of 100 clients',
    unit: 'delivery',
    measures: 'cpu',
    playedBy: 'settings',
    servers: OURS_AND_PEER,
    settings: DEFLATE,
    variants: SIZES.map(({ size, bytes }) => ({ label: size, server: { feed: { bytes, toAll: true } } })),
    createDriver: ({ server: { feed } }, target) =>
      new Metered(new BroadcastDriver(target, { recipients: 100, ring: documentRing(feed.bytes) })),
  },
  {
    name: 'settings-deflate-received',
    title: '`perMessageDeflate`: a document from each of 50 clients, which compress where they may; acknowledged',
    unit: 'message',
    measures: 'cpu',
    playedBy: 'settings',
    servers: OURS_AND_PEER,
    settings: [OFF, ON],
    variants: SIZES.map(({ size, bytes }) => ({ label: size, server: { feed: { bytes } } })),
    createDriver: ({ server: { feed } }, target) =>
      new ClosedLoop(target, { ring: takeRing(feed.bytes, target.deflates), connections: 50, inFlight: 1 }),
  },
  {
    name: 'settings-deflate-idle',
    title: '`perMessageDeflate`: memory per idle connection',
    unit: 'connection',
    measures: 'memory',
    playedBy: 'settings',
    servers: OURS_AND_PEER,
    settings: DEFLATE,
    variants: [
      { label: 'nothing sent', messages: 0, server: { feed: { bytes: 2 * KIB } } },
      { label: 'after a document of 2 KiB', messages: 1, server: { feed: { bytes: 2 * KIB } } },
    ],
    createDriver: ({ messages, server: { feed } }, target) =>
      new IdleDriver(target, {
        first: 100,
        more: 1000,
        ring: messages === 0 ? null : documentRing(feed.bytes, { size: messages }),
      }),
  },
  {
    name: 'settings-flush',
    title: '`flush`: documents of 200 B for the one of 50 clients that asks',
    unit: 'message',
    measures: 'cpu',
    playedBy: 'settings',
    servers: OURS,
    settings: FLUSH,
    variants: [
      { label: 'one emit per turn', ...fed(1) },
      { label: '10 emits in one turn', quick: true, ...fed(10) },
      { label: '50 emits in one turn', ...fed(50) },
      { label: 'an emit, then the ack', acked: true, ...fed(1) },
    ],
    createDriver: ({ acked, server: { feed } }, target) =>
      new Metered(
        new ClosedLoop(target, {
          ring: documentRing(feed.bytes, { times: feed.times, acked }),
          connections: 50,
          inFlight: 1,
          countPerRequest: feed.times,
        }),
      ),
  },
  {
    name: 'settings-flush-echo',
    title: '`flush`: acknowledged echo of 64 B',
    unit: 'message',
    measures: 'cpu',
    playedBy: 'settings',
    servers: OURS,
    settings: FLUSH,
    variants: [
      { label: '1 connection x 1 in flight', connections: 1, inFlight: 1 },
      { label: '100 connections x 4 in flight', connections: 100, inFlight: 4 },
      {
        label: '100 connections x 4 in flight, joined into one write',
        connections: 100,
        inFlight: 4,
        joinWrites: true,
      },
    ],
    createDriver: (variant, target) => new Metered(new ClosedLoop(target, { ring: echoRing(64), ...variant })),
  },
  {
    name: 'settings-flush-work',
    title: '`flush`: a document of 200 B, after which the handler works on for 1 ms',
    unit: 'message',
    measures: 'cpu',
    playedBy: 'settings',
    servers: OURS,
    settings: FLUSH,
    // The pause is longer than the work, so that no client waits for the work that was done for another message.
    variants: [
      { label: 'one client, which asks 3 ms after the last answer', server: { feed: { bytes: 200, work: 1 } } },
    ],
    createDriver: ({ server: { feed } }, target) =>
      new Metered(new ClosedLoop(target, { ring: documentRing(feed.bytes), connections: 1, inFlight: 1, pause: 3 })),
  },
  {
    name: 'settings-tracing',
    title: 'OpenTelemetry: acknowledged echo of 64 B',
    unit: 'message',
    measures: 'cpu',
    playedBy: 'settings',
    servers: OURS_AND_PEER,
    settings: TRACING,
    variants: [{ label: '100 connections x 4 in flight', quick: true, connections: 100, inFlight: 4 }],
    createDriver: (variant, target) => new ClosedLoop(target, { ring: echoRing(64), ...variant }),
  },
  {
    name: 'settings-http-compression',
    title: '`httpCompression`: a document for the one of 50 polling clients that asks, a POST and a poll',
    unit: 'message',
    measures: 'cpu',
    playedBy: 'settings',
    warmupFactor: 2,
    servers: OURS_AND_PEER,
    settings: HTTP_COMPRESSION,
    variants: SIZES.filter(({ size }) => size !== '2 KiB').map(({ size, bytes }) => ({
      label: size,
      quick: size === '20 KiB',
      server: { feed: { bytes } },
    })),
    createDriver: ({ server: { feed } }, target) =>
      new Metered(new PollingDriver(target, 50, documentPackets(feed.bytes))),
  },
];

function fed(times) {
  return { server: { feed: { bytes: 200, times } } };
}
