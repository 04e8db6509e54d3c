import { ClosedLoop } from '../lib/closed-loop.mjs';
import { echoRing } from '../lib/wire.mjs';
import { TIE } from './tie.mjs';

const GOALS = [
  { server: 'ours-nest', peer: 'ws', atMost: 1 },
  { server: 'ours-nest', peer: 'socketioxide', atMost: TIE },
];

/** @type {import('./index.mjs').Scenario} */
export default {
  name: 'echo',
  title: 'Acknowledged echo',
  unit: 'message',
  measures: 'cpu',
  variants: [
    {
      label: '100 connections x 4 in flight, 64 B',
      quick: true,
      goals: GOALS,
      connections: 100,
      inFlight: 4,
      bytes: 64,
    },
    {
      label: '100 connections x 4 in flight, 64 B, requests joined into one write',
      connections: 100,
      inFlight: 4,
      bytes: 64,
      joinWrites: true,
    },
    { label: '100 connections x 4 in flight, 8 KiB', connections: 100, inFlight: 4, bytes: 8192 },
    { label: '1 connection x 1 in flight, 64 B', connections: 1, inFlight: 1, bytes: 64 },
    { label: '1 connection x 1 in flight, 8 KiB', connections: 1, inFlight: 1, bytes: 8192 },
    { label: '1000 connections x 1 in flight, 64 B', connections: 1000, inFlight: 1, bytes: 64 },
    { label: '1000 connections x 1 in flight, 8 KiB', connections: 1000, inFlight: 1, bytes: 8192 },
  ],
  createDriver({ connections, inFlight, bytes, joinWrites }, target) {
    return new ClosedLoop(target, { ring: echoRing(bytes), connections, inFlight, joinWrites });
  },
};
