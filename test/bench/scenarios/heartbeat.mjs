import { HeartbeatDriver } from '../lib/heartbeat-driver.mjs';
import { TIE } from './tie.mjs';

/** @type {import('./index.mjs').Scenario} */
export default {
  name: 'heartbeat',
  title: 'Heartbeat, per ping and pong',
  unit: 'ping',
  measures: 'cpu',
  variants: [
    {
      label: '3000 idle connections, one ping each 100 ms',
      quick: true,
      goals: [
        { server: 'ours-nest', peer: 'socket.io', atMost: 0.5 },
        { server: 'ours-nest', peer: 'socketioxide', atMost: TIE },
      ],
      // Two servers that ping so often at once leave each other too little.
      checked: false,
      server: { pingInterval: 100 },
      connections: 3000,
    },
    {
      // Mostly what it costs to be woken: far fewer than in life, still far from a busy server.
      label: '3000 idle connections, one ping each 500 ms',
      checked: true,
      server: { pingInterval: 500 },
      connections: 3000,
    },
  ],
  createDriver({ connections, server }, target) {
    return new HeartbeatDriver(target, connections, server.pingInterval);
  },
};
