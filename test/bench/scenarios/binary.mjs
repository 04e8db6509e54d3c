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
      label: '100 connections x 4 in flight, 256 B',
      goals: [{ server: 'ours-nest', peer: 'socketioxide', atMost: 1.5 }],
      connections: 100,
      inFlight: 4,
      bytes: 256,
    },
    {
      label: '100 connections x 4 in flight, 1 KiB',
      quick: true,
      goals: [
        { server: 'ours-nest', peer: 'socket.io', atMost: 0.5 },
        { server: 'ours-nest', peer: 'socketioxide', atMost: 1.5 },
      ],
      connections: 100,
      inFlight: 4,
      bytes: 1024,
    },
    { label: '100 connections x 4 in flight, 4 KiB', connections: 100, inFlight: 4, bytes: 4096 },
  ],
  createDriver({ connections, inFlight, bytes }, target) {
    return new ClosedLoop(target, { ring: binaryRing(bytes), connections, inFlight });
  },
};
