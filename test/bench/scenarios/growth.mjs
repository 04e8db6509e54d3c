import { BroadcastDriver } from '../lib/broadcast-driver.mjs';
import { ClosedLoop } from '../lib/closed-loop.mjs';
import { RoamingLoop } from '../lib/roaming-loop.mjs';
import { echoRing } from '../lib/wire.mjs';

const WITH_HANDLERS = ['ours-nest', 'ours', 'socket.io', 'platform-socket.io'];

/**
 * Scenarios whose variants differ in one size only: what a message costs where there is more of everything.
 *
 * @type {import('./index.mjs').Scenario[]}
 */
export const growth = [
  {
    name: 'growth-connections',
    title: 'Acknowledged echo, 100 in flight over all connections in turn',
    unit: 'message',
    measures: 'cpu',
    playedBy: 'growth',
    growsWith: 'connections',
    variants: [100, 1000, 10_000].map((size) => ({ label: `${size} connections`, size })),
    createDriver: ({ size }, target) =>
      new RoamingLoop(target, { ring: echoRing(64), connections: size, inFlight: 100 }),
  },
  {
    name: 'growth-rooms',
    title: 'Told to a room of 10 among 110 connections, per delivered message',
    unit: 'delivery',
    measures: 'cpu',
    playedBy: 'growth',
    growsWith: 'further rooms',
    variants: [110, 11_000, 110_000].map((size) => ({ label: `${size} further rooms`, size })),
    createDriver: ({ size }, target) =>
      new BroadcastDriver(target, { recipients: 10, others: 100, roomsEach: size / 110, bytes: 64 }),
  },
  {
    name: 'growth-handlers',
    title: 'Acknowledged echo, 100 connections x 4 in flight',
    unit: 'message',
    measures: 'cpu',
    playedBy: 'growth',
    growsWith: 'handlers',
    variants: [1, 50, 500].map((size) => ({
      label: `${size} handlers`,
      size,
      server: { handlers: size },
      servers: WITH_HANDLERS,
    })),
    createDriver: (_variant, target) => new ClosedLoop(target, { ring: echoRing(64), connections: 100, inFlight: 4 }),
  },
];
