import { ClosedLoop } from '../lib/closed-loop.mjs';
import { eventsRing } from '../lib/wire.mjs';
import { TIE } from './tie.mjs';

/**
 * The acknowledged request that ends each burst counts what arrived, and its cost is spread over the burst.
 *
 * @type {import('./index.mjs').Scenario}
 */
export default {
  name: 'events',
  title: 'Events in, no ack',
  unit: 'event',
  measures: 'cpu',
  variants: [
    {
      label: '20 connections, bursts of 50, 64 B',
      quick: true,
      goals: [
        { server: 'ours-nest', peer: 'socket.io', atMost: 0.5 },
        { server: 'ours-nest', peer: 'socketioxide', atMost: TIE },
      ],
      connections: 20,
      burst: 50,
      bytes: 64,
    },
  ],
  createDriver({ connections, burst, bytes }, target) {
    return new ClosedLoop(target, { ring: eventsRing(burst, bytes), connections, inFlight: 1, countPerRequest: burst });
  },
};
