import { readFileSync } from 'node:fs';
import { ScaleDriver } from '../lib/scale-driver.mjs';

const WANTED = 100_000;
/** Files that a process opens besides. */
const RESERVE = 1000;
const PING_INTERVAL = 25_000;
const connections = Math.min(WANTED, openFiles() - RESERVE);

/** @type {import('./index.mjs').Scenario} */
export default {
  name: 'scale',
  title: 'Idle at scale, per second and client',
  unit: 'second and client',
  measures: 'scale',
  playedBy: 'scale',
  variants: [
    {
      label: `${connections} connections, a ping each 25 s`,
      quick: true,
      server: { pingInterval: PING_INTERVAL },
      connections,
    },
  ],
  createDriver(variant, target) {
    return new ScaleDriver(target, { connections: variant.connections, pingInterval: PING_INTERVAL });
  },
};

/** How many files a process may have open; a process of the load has one for each connection, and so has the server. */
function openFiles() {
  try {
    const [, limit] = /^Max open files +(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return limit === 'unlimited' ? Infinity : Number(limit);
  } catch {
    return 10_000;
  }
}
