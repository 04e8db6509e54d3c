/** What a fleet costs that is left alone, and what it takes when all clients come back at once. */
import { connect } from 'node:net';
import { Balancer } from './balancer.mjs';
import { Fleet } from './fleet.mjs';
import { RedisProcess } from './services.mjs';
import { Watcher } from './watcher.mjs';
import { pause, until } from './wait.mjs';

const NODES = 3;
const WARM_UP_MS = 2_000;

/**
 * Node CPU per delivered event, and the time from the emit to the client, under load and without any disturbance.
 *
 * @param {{ contestant: string, seconds: number, clients: number, rate: number }} options
 */
export function measureCost({ contestant, seconds, clients, rate }) {
  return withFleet({ contestant, clients, rate, isTimed: true }, async ({ fleet, watchers }) => {
    await pause(WARM_UP_MS);
    for (const watcher of watchers) watcher.latencies.length = 0;
    const before = await spent(fleet, watchers);
    await pause(seconds * 1_000);
    const after = await spent(fleet, watchers);
    const delivered = after.received - before.received;
    const latencies = watchers.flatMap((watcher) => watcher.latencies).sort((a, b) => a - b);
    return {
      contestant,
      delivered,
      cpuPerDelivery: round((after.cpu - before.cpu) / delivered, 2),
      latencyMs: { p50: round(at(latencies, 0.5), 2), p99: round(at(latencies, 0.99), 2) },
      nodeRssMb: Math.max(...(await fleet.stats()).map(({ rss }) => Math.round(rss / 1e6))),
    };
  });
}

/**
 * Cuts all connections at once: how long until every client is back, and what that costs the nodes and the store.
 *
 * @param {{ contestant: string, clients: number, rate: number }} options
 */
export function measureComeback({ contestant, clients, rate }) {
  return withFleet({ contestant, clients, rate }, async ({ fleet, balancer, watchers, redis }) => {
    await pause(WARM_UP_MS);
    // What goes on anyhow, in the same time, is taken off.
    const idle = await during(fleet, redis, () => pause(WARM_UP_MS));
    const back = await during(fleet, redis, async () => {
      const started = watchers.map(({ recovered, told }) => recovered + told);
      balancer.cutAll();
      await demand(() => watchers.every(({ recovered, told }, i) => recovered + told > started[i]), 60_000);
    });
    const share = back.ms / idle.ms;
    await fleet.stopEmitting();
    await pause(WARM_UP_MS);
    const sum = (key) => watchers.reduce((total, watcher) => total + watcher[key], 0);
    return {
      contestant,
      clients,
      backMs: Math.round(back.ms),
      recovered: sum('recovered'),
      told: sum('told'),
      lost: sum('lost'),
      doubled: sum('doubled'),
      cpuMsPerClient: round((back.cpu - share * idle.cpu) / 1_000 / clients, 2),
      storeBytesPerClient: Math.round((back.bytes - share * idle.bytes) / clients),
    };
  });
}

async function withFleet({ contestant, clients, rate, ...settings }, measure) {
  const redis = new RedisProcess();
  await redis.start();
  const name = `figures-${process.pid}`;
  const fleet = new Fleet({ contestant, redis: redis.url, name, rate: rate / NODES, padding: '', ...settings });
  const balancer = new Balancer(fleet);
  const watchers = [];
  try {
    await fleet.start(NODES);
    await balancer.listen();
    for (let i = 0; i < clients; i++) {
      watchers.push(new Watcher(`http://127.0.0.1:${balancer.port}`));
      if (i % 50 === 49) await demand(() => watchers.every(({ isConnected }) => isConnected), 30_000);
    }
    await demand(() => watchers.every(({ isConnected }) => isConnected), 30_000);
    return await measure({ fleet, balancer, watchers, redis });
  } finally {
    for (const watcher of watchers) watcher.close();
    balancer.close();
    fleet.end();
    await redis.end();
  }
}

async function during(fleet, redis, action) {
  const before = await spent(fleet, []);
  const bytes = await bytesOut(redis);
  const started = performance.now();
  await action();
  const ms = performance.now() - started;
  const after = await spent(fleet, []);
  return { ms, cpu: after.cpu - before.cpu, bytes: (await bytesOut(redis)) - bytes };
}

/** CPU of all nodes, in microseconds, and what the clients have got. */
async function spent(fleet, watchers) {
  const stats = await fleet.stats();
  return {
    cpu: stats.reduce((sum, { cpu }) => sum + cpu.user + cpu.system, 0),
    received: watchers.reduce((sum, { received }) => sum + received, 0),
  };
}

/** What Redis has sent, to whomever; asked on a connection of its own. */
function bytesOut({ port }) {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write('INFO stats\r\n'));
    socket.on('error', reject);
    socket.setEncoding('latin1').on('data', (chunk) => {
      text += chunk;
      const found = /total_net_output_bytes:(\d+)\r\n/.exec(text);
      if (found === null) return;
      socket.destroy();
      resolve(Number(found[1]));
    });
  });
}

async function demand(condition, ms) {
  if (!(await until(condition, ms, 5))) throw new Error(`not so within ${ms} ms: ${condition}`);
}

function at(sorted, share) {
  return sorted[Math.floor(share * (sorted.length - 1))];
}

function round(value, digits) {
  return Number(value.toFixed(digits));
}
