/** One server in a process of its own: `node server.mjs <file in servers>`, driven over IPC. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProfile, stopProfile } from './lib/profiler.mjs';
import { answerCalls } from './lib/rpc.mjs';

const name = process.argv[2];

/** Below this share of a core a server counts as having nothing left to do. */
const QUIET_SHARE = 0.05;
const QUIET_PERIOD = 20;
const QUIET_ATTEMPTS = 25;
/** In milliseconds. */
const PAUSE_RESOLUTION = 1;

let startUsage = null;

/** CPU time so far, every thread, user and system, in microseconds; and the resident set in bytes. */
let usage = () => {
  const { user, system } = process.cpuUsage();
  return { cpu: user + system, rss: process.memoryUsage.rss() };
};
/** Whether the server is this process, whose heap and event loop can be looked at. */
let isOwnProcess = true;
/** @type {import('node:perf_hooks').IntervalHistogram} */
let pauses;

answerCalls({
  /** @returns {Promise<number>} the port it listens on, on 127.0.0.1 */
  async start(application) {
    const { start } = await import(`./servers/${name}.mjs`);
    const started = await start(application);
    if (typeof started === 'object') {
      ({ usage } = started);
      isOwnProcess = false;
    }
    startUsage = { ...usage(), elapsed: performance.now() };
    return isOwnProcess ? started : started.port;
  },

  /** What the process had spent when it listened: CPU time in microseconds, resident set, milliseconds. */
  startUsage() {
    return startUsage;
  },

  usage: () => usage(),

  /** Resident set, and what the heap and buffers really hold, after garbage collection; in bytes. */
  async memory() {
    if (!isOwnProcess) return { rss: usage().rss };
    for (let pass = 0; pass < 3; pass++) {
      globalThis.gc();
      await sleep(50);
    }
    const { rss, heapUsed, external } = process.memoryUsage();
    return { rss, live: heapUsed + external };
  },

  watchPauses() {
    pauses = monitorEventLoopDelay({ resolution: PAUSE_RESOLUTION });
    pauses.enable();
  },

  /** The longest time for which the event loop has done nothing else since `watchPauses`, in milliseconds. */
  longestPause() {
    pauses.disable();
    return isOwnProcess ? Math.max(0, pauses.max / 1e6 - PAUSE_RESOLUTION) : undefined;
  },

  startProfile: ({ kind }) => startProfile(kind),

  stopProfile: ({ kind }) => stopProfile(kind),

  /** Resolves when what was left over from the load before, such as closing its connections, is done. */
  async settle() {
    for (let attempt = 0; attempt < QUIET_ATTEMPTS; attempt++) {
      const before = usage().cpu;
      await sleep(QUIET_PERIOD);
      if (usage().cpu - before < QUIET_SHARE * QUIET_PERIOD * 1000) return;
    }
  },
});
