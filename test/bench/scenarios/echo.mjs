import { ClosedLoop } from '../lib/closed-loop.mjs';
import { echoRing } from '../lib/wire.mjs';

/** @type {import('./index.mjs').Scenario} */
export default {
  name: 'echo',
  title: 'Acknowledged echo',
  unit: 'message',
  measures: 'cpu',
  variants: [
    { label: '100 connections x 4 in flight, 64 B', quick: true, connections: 100, inFlight: 4, bytes: 64 },
    {
      label: '100 connections x 4 in flight, 64 B, requests joined into one write',
      quick: false,
      connections: 100,
      inFlight: 4,
      bytes: 64,
      joinWrites: true,
    },
    { label: '1 connection x 1 in flight, 64 B', quick: false, connections: 1, inFlight: 1, bytes: 64 },
  ],
  createDriver({ connections, inFlight, bytes, joinWrites }, target) {
    return new ClosedLoop(target, { ring: echoRing(bytes), connections, inFlight, joinWrites });
  },
};
