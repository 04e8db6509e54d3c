/** One server in a process of its own: `node server.mjs <file in servers>`, driven over IPC. */
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProfile, stopProfile } from './lib/profiler.mjs';
import { answerCalls } from './lib/rpc.mjs';

const name = process.argv[2];

/** Below this share of a core a server counts as having nothing left to do. */
const QUIET_SHARE = 0.05;
const QUIET_PERIOD = 20;
const QUIET_ATTEMPTS = 25;

let startUsage = null;

answerCalls({
  /** @returns {Promise<number>} the port it listens on, on 127.0.0.1 */
  async start(application) {
    const { start } = await import(`./servers/${name}.mjs`);
    const port = await start(application);
    const { user, system } = process.cpuUsage();
    startUsage = { cpu: user + system, rss: process.memoryUsage.rss(), elapsed: performance.now() };
    return port;
  },

  /** What the process had spent when it listened: CPU time in microseconds, resident set, milliseconds. */
  startUsage() {
    return startUsage;
  },

  /** CPU time of the process so far, every thread, user and system, in microseconds; and its resident set in bytes. */
  usage() {
    const { user, system } = process.cpuUsage();
    return { cpu: user + system, rss: process.memoryUsage.rss() };
  },

  /** Resident set, and what the heap and buffers really hold, after garbage collection; in bytes. */
  async memory() {
    for (let pass = 0; pass < 3; pass++) {
      globalThis.gc();
      await sleep(50);
    }
    const { rss, heapUsed, external } = process.memoryUsage();
    return { rss, live: heapUsed + external };
  },

  startProfile: ({ kind }) => startProfile(kind),

  stopProfile: ({ kind }) => stopProfile(kind),

  /** Resolves when what was left over from the load before, such as closing its connections, is done. */
  async settle() {
    for (let attempt = 0; attempt < QUIET_ATTEMPTS; attempt++) {
      const before = process.cpuUsage();
      await sleep(QUIET_PERIOD);
      const { user, system } = process.cpuUsage(before);
      if (user + system < QUIET_SHARE * QUIET_PERIOD * 1000) return;
    }
  },
});
