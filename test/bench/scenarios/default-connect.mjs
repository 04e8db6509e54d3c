import { ConnectDriver } from '../lib/connect-driver.mjs';

/** @type {import('./index.mjs').Scenario} */
export default {
  name: 'default-connect',
  title: 'Connect as clients do by default',
  unit: 'connection',
  measures: 'cpu',
  warmupFactor: 10,
  servers: ['ours-nest', 'ours', 'socket.io', 'platform-socket.io', 'floor', 'peer'],
  variants: [
    {
      // Many at a time, since the official server answers the last poll after up to 100 ms.
      label: 'long-polling, CONNECT, probe and upgrade, 128 at a time',
      quick: true,
      goals: [
        { server: 'ours', peer: 'socket.io', atMost: 0.7 },
        { server: 'ours-nest-direct', peer: 'socket.io', atMost: 0.75 },
      ],
      over: 'upgrade',
      concurrency: 128,
      atMost: 4000,
    },
  ],
  createDriver(variant, target) {
    return new ConnectDriver(target, variant);
  },
};
