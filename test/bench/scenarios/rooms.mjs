import { ClosedLoop } from '../lib/closed-loop.mjs';
import { roomsRing } from '../lib/wire.mjs';

/** @type {import('./index.mjs').Scenario} */
export default {
  name: 'rooms',
  title: 'Rooms entered and left, acknowledged',
  unit: 'change',
  measures: 'cpu',
  variants: [
    {
      label: '100 connections x 4 in flight, 128 rooms, 16 of them at a time',
      quick: true,
      connections: 100,
      inFlight: 4,
      held: 16,
    },
  ],
  createDriver({ connections, inFlight, held }, target) {
    return new ClosedLoop(target, { ring: roomsRing(held), connections, inFlight });
  },
};
