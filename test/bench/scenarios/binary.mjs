import { ClosedLoop } from '../lib/closed-loop.mjs';
import { binaryRing } from '../lib/wire.mjs';

/** @type {import('./index.mjs').Scenario} */
export default {
  name: 'binary',
  title: 'Acknowledged binary echo, one attachment',
  unit: 'message',
  measures: 'cpu',
  variants: [
    {
      label: '100 connections x 4 in flight, 1 KiB',
      quick: true,
      goals: [{ server: 'ours-nest', peer: 'socket.io', atMost: 0.5 }],
      connections: 100,
      inFlight: 4,
      bytes: 1024,
    },
  ],
  createDriver({ connections, inFlight, bytes }, target) {
    return new ClosedLoop(target, { ring: binaryRing(bytes), connections, inFlight });
  },
};
