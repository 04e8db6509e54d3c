import { fileURLToPath } from 'node:url';
import { Child } from '../../bench/lib/rpc.mjs';
import { heldBytes, holdingsOf } from '../lib/holdings.mjs';
import { onConnection, startServer } from '../lib/start-server.mjs';
import { printTable } from '../lib/table.mjs';

const LOAD = fileURLToPath(new URL('../load/waves.mjs', import.meta.url));

/** Time limits within which the worst of the clients is let go. */
const OPTIONS = {
  pingInterval: 500,
  // Well above what a busy machine makes a client that behaves wait.
  pingTimeout: 2_500,
  connectTimeout: 500,
  attachmentTimeout: 500,
  upgradeTimeout: 500,
  closeTimeout: 500,
  sendQueueBytes: 500_000,
  sendTimeout: 500,
  ackTimeout: 1_000,
  cleanupEmptyChildNamespaces: true,
};
const PATIENCE_MS = 20_000;
const LOOK_MS = 50;
/** The heap is looked at once code and tables have their size: after so many waves and this part of all the time. */
const WARM_UP_WAVES = 4;
const WARM_UP_PART = 0.25;

/**
 * Waves of connects and disconnects, with faults, for so long; then the server holds what it held before.
 *
 * @param {{ Server: Function; seconds: number; size?: number; seed?: number; heapTolerance?: number; print?: boolean }} setup
 * @returns {Promise<{ failures: string[]; clients: number; echoes: number }>}
 */
export async function runWaves({ Server, seconds, size = 200, seed = 1, heapTolerance = 3_000_000, print = true }) {
  const server = await startServer(Server, OPTIONS);
  server.io.of(/^\/room-\d+$/).on('connection', onConnection);
  const load = new Child(LOAD, [], []);
  try {
    const call = { port: server.port };
    const idle = await holdingsOf(server);
    await load.call('start', call);
    const warm = await holdingsOf(server);
    const started = performance.now();
    let clients = 0;
    let unserved = 0;
    let heap = 0;
    const elapsed = () => (performance.now() - started) / 1_000;
    for (let wave = 0; heap === 0 || elapsed() < seconds; wave++) {
      unserved += await load.call('wave', { ...call, size, seed: seed + wave });
      clients += size;
      const isWarm = wave >= WARM_UP_WAVES && elapsed() >= seconds * WARM_UP_PART;
      if (heap > 0 || !isWarm) continue;
      await untilHolding(server, warm);
      heap = await heldBytes();
    }
    const left = await untilHolding(server, warm);
    const growth = (await heldBytes()) - heap;
    const { echoes, slowestEcho, isLost } = await load.call('end');
    const end = await untilHolding(server, idle);
    const failures = [...differences(warm, left), ...differences(idle, end)];
    if (isLost) failures.push('the client that behaves was disconnected');
    if (growth > heapTolerance) failures.push(`the heap holds ${(growth / 1e6).toFixed(1)} MB more`);
    if (server.errors.length > 0)
      failures.push(`${server.errors.length} errors, the first: ${server.errors[0]?.stack}`);
    if (print) {
      console.log(
        `waves: ${clients} clients in ${elapsed().toFixed(0)} s, seed ${seed}; ${unserved} of them were cut off; ` +
          `the one that behaves got ${echoes} echoes, the slowest after ${slowestEcho.toFixed(0)} ms`,
      );
      console.log(`sessions closed: ${JSON.stringify(server.io.stats().closed)}`);
      const rows = Object.keys(warm).map((name) => [name, idle[name], warm[name], left[name], end[name]]);
      printTable(['', 'before', 'with one client', 'after the waves', 'at the end'], rows);
      console.log(
        `heap and buffers: ${(heap / 1e6).toFixed(1)} MB, then ${growth >= 0 ? '+' : ''}${(growth / 1e6).toFixed(2)} MB`,
      );
    }
    return { failures, clients, echoes };
  } finally {
    await load.stop();
    await server.close();
  }
}

/** What the server holds once it is what it was, or after the patience is over. */
async function untilHolding(server, wanted) {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    server.http.closeIdleConnections();
    const held = await holdingsOf(server);
    if (differences(wanted, held).length === 0 || performance.now() > deadline) return held;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** What there is more of; the looking itself may keep a timer. */
function differences(before, after) {
  return Object.keys(before)
    .filter((name) => after[name] > before[name] + (TOLERANCE[name] ?? 0))
    .map((name) => `${name}: ${before[name]} before, ${after[name]} after`);
}

const TOLERANCE = { 'native timers': 2 };
