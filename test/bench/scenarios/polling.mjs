import { PollingDriver } from '../lib/polling-driver.mjs';
import { echoPackets } from '../lib/wire.mjs';

/** @type {import('./index.mjs').Scenario} */
export default {
  name: 'polling',
  title: 'Acknowledged echo over long-polling',
  unit: 'message',
  measures: 'cpu',
  // So much of Node and of a framework takes part that it takes a while until all of it is compiled.
  warmupFactor: 4,
  servers: ['ours-nest', 'ours', 'socket.io', 'platform-socket.io', 'floor', 'floor-fastify', 'peer'],
  variants: [
    {
      label: '100 connections x 1 in flight, 64 B',
      quick: true,
      goals: [
        { server: 'ours-nest-direct', peer: 'socket.io', atMost: 0.85 },
        { server: 'ours-nest', peer: 'floor-fastify', atMost: 1.2 },
      ],
      connections: 100,
      bytes: 64,
    },
  ],
  createDriver({ connections, bytes }, target) {
    return new PollingDriver(target, connections, echoPackets(bytes));
  },
};
