import { BroadcastDriver } from '../lib/broadcast-driver.mjs';

/** @type {import('./index.mjs').Scenario} */
export default {
  name: 'room',
  title: 'Broadcasts at once, per delivered message',
  unit: 'delivery',
  measures: 'cpu',
  variants: [
    {
      label: 'a lively room: 20 senders, 300 listeners, 64 B',
      quick: true,
      goals: [{ server: 'ours-nest', peer: 'socketioxide', atMost: 1 }],
      senders: 20,
      recipients: 300,
      bytes: 64,
    },
    { label: 'a burst of 50 in one write, 100 listeners, 64 B', burst: 50, recipients: 100, bytes: 64 },
  ],
  createDriver(variant, target) {
    return new BroadcastDriver(target, variant);
  },
};
