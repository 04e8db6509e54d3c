import { BroadcastDriver } from '../lib/broadcast-driver.mjs';
import { TIE } from './tie.mjs';

const GOALS = [
  { server: 'ours-nest', peer: 'floor', atMost: 1.15 },
  { server: 'ours-nest', peer: 'socketioxide', atMost: TIE },
];

/** @type {import('./index.mjs').Scenario} */
export default {
  name: 'broadcast',
  title: 'Broadcast, per delivered message',
  unit: 'delivery',
  measures: 'cpu',
  variants: [
    { label: '500 recipients, 64 B', quick: true, goals: GOALS, recipients: 500, bytes: 64 },
    { label: '100 recipients, 64 B', recipients: 100, bytes: 64 },
    { label: '1000 recipients, 64 B', recipients: 1000, bytes: 64 },
    { label: '5000 recipients, 64 B', recipients: 5000, bytes: 64 },
    { label: 'a room of 10 among 5000, 64 B', recipients: 10, others: 4990, bytes: 64 },
  ],
  createDriver(variant, target) {
    return new BroadcastDriver(target, variant);
  },
};
