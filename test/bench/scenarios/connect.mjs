import { ConnectDriver } from '../lib/connect-driver.mjs';

const OVER_POLLING = ['ours-nest', 'ours', 'socket.io', 'platform-socket.io', 'floor', 'peer'];

/** @type {import('./index.mjs').Scenario} */
export default {
  name: 'connect',
  title: 'Handshake and CONNECT',
  unit: 'connection',
  measures: 'cpu',
  warmupFactor: 10,
  variants: [
    {
      label: 'WebSocket, 32 at a time',
      quick: true,
      goals: [
        { server: 'ours', peer: 'socket.io', atMost: 0.5 },
        { server: 'ours-nest-direct', peer: 'socket.io', atMost: 0.5 },
      ],
      over: 'websocket',
      concurrency: 32,
      atMost: 8000,
    },
    { label: 'WebSocket, 32 at a time, and its end', over: 'websocket', concurrency: 32, closes: true },
    { label: 'long-polling, 32 at a time', over: 'polling', servers: OVER_POLLING, concurrency: 32, atMost: 8000 },
  ],
  createDriver(variant, target) {
    return new ConnectDriver(target, variant);
  },
};
