import { Session } from 'node:inspector/promises';

const CPU_INTERVAL = 100;
const HEAP_INTERVAL = 4096;

/** The process waits, or serves the profiler itself. */
const NOT_COSTS = new Set(['(idle)', 'dispatch']);

/** @type {Session | null} */
let session = null;

/**
 * @typedef {object} Cost what one function took by itself
 * @property {string} name
 * @property {string} url
 * @property {number} line
 * @property {number} weight microseconds, or bytes that are still alive
 */

/** Where this process spends its time from now on; or, with `heap`, who allocates what stays. */
export async function startProfile(kind) {
  session = new Session();
  session.connect();
  if (kind === 'heap') {
    await session.post('HeapProfiler.startSampling', { samplingInterval: HEAP_INTERVAL });
    return;
  }
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: CPU_INTERVAL });
  await session.post('Profiler.start');
}

/** @returns {Promise<Cost[]>} */
export async function stopProfile(kind) {
  const costs = kind === 'heap' ? await stopHeap() : await stopCpu();
  session.disconnect();
  session = null;
  return costs;
}

async function stopCpu() {
  const { profile } = await session.post('Profiler.stop');
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const costs = new Costs();
  for (const [index, id] of profile.samples.entries()) costs.add(frames.get(id), profile.timeDeltas[index]);
  return costs.list();
}

async function stopHeap() {
  const { profile } = await session.post('HeapProfiler.stopSampling');
  const costs = new Costs();
  const visit = ({ callFrame, selfSize, children }) => {
    costs.add(callFrame, selfSize);
    for (const child of children) visit(child);
  };
  visit(profile.head);
  return costs.list();
}

/** Sums what the same function took wherever it was called. */
class Costs {
  #byFunction = new Map();

  add({ functionName, url, lineNumber }, weight) {
    const key = `${functionName} ${url}:${lineNumber}`;
    const cost = this.#byFunction.get(key) ?? { name: functionName, url, line: lineNumber + 1, weight: 0 };
    cost.weight += weight;
    this.#byFunction.set(key, cost);
  }

  list() {
    return [...this.#byFunction.values()].filter(({ name, url }) => !(url === '' && NOT_COSTS.has(name)));
  }
}
