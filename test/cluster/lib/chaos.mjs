/** One run: a fleet under load, disturbed in every way, and what its clients counted. */
import { Balancer, CUTS } from './balancer.mjs';
import { Fleet } from './fleet.mjs';
import { PostgresProcess, RedisProcess } from './services.mjs';
import { Watcher } from './watcher.mjs';
import { pause, until } from './wait.mjs';

export const DISTURBANCES = ['cuts', 'kills', 'freezes', 'outages', 'restarts'];

/**
 * @param options.contestant one of `contestants.mjs`
 * @param options.seconds how long it is disturbed, and longer if connections were not cut in every way by then
 * @param options.disturbances of `DISTURBANCES`
 */
export async function runChaos({
  contestant,
  seconds,
  clients = 24,
  nodes = 3,
  rate = 200,
  disturbances = ['cuts', 'kills', 'freezes'],
  cutEvery = 100,
  killEvery = 5_000,
  padding = '',
  ledger = {},
}) {
  const service = contestant.endsWith('postgres') ? new PostgresProcess() : new RedisProcess();
  await service.start();
  const settings = {
    contestant,
    redis: service.url,
    postgres: service.url,
    name: `chaos-${process.pid}`,
    rate: rate / nodes,
    padding,
    ledger,
  };
  const fleet = new Fleet(settings);
  const balancer = new Balancer(fleet);
  const watchers = [];
  try {
    await fleet.start(nodes);
    await balancer.listen();
    for (let i = 0; i < clients; i++) watchers.push(new Watcher(`http://127.0.0.1:${balancer.port}`));
    await until(() => watchers.every(({ isConnected }) => isConnected), 30_000);
    await disturb({ fleet, balancer, service, seconds, disturbances, cutEvery, killEvery });
    const settled = await settle(fleet, watchers);
    const stats = await fleet.stats();
    return summary({ contestant, seconds, fleet, balancer, watchers, settled, stats });
  } finally {
    for (const watcher of watchers) watcher.close();
    balancer.close();
    fleet.end();
    await service.end();
  }
}

async function disturb({ fleet, balancer, service, seconds, disturbances, cutEvery, killEvery }) {
  const end = performance.now() + seconds * 1_000;
  const does = (name) => disturbances.includes(name);
  // On a busy machine clients take their time to come back, and there is nothing to cut.
  const leastCuts = does('cuts') ? 2 * CUTS.length : 0;
  const isOver = () => performance.now() >= end && balancer.cuts >= leastCuts;
  const loops = [];
  const repeat = (every, action) => loops.push(repeatedly(every, isOver, action));
  if (does('cuts')) repeat(cutEvery, () => balancer.cut());
  if (does('kills')) {
    repeat(killEvery, async () => {
      await fleet.kill();
      await pause(500);
      await fleet.add();
    });
  }
  if (does('freezes')) repeat(2.3 * killEvery, () => fleet.freeze(2_000));
  if (does('outages')) {
    repeat(3.1 * killEvery, async () => {
      service.signal('SIGSTOP');
      await pause(2_000);
      service.signal('SIGCONT');
    });
  }
  if (does('restarts')) {
    repeat(4.7 * killEvery, async () => {
      await service.kill();
      await pause(300);
      await service.start();
    });
  }
  await Promise.all([pause(seconds * 1_000), ...loops]);
}

async function repeatedly(ms, isOver, action) {
  await pause(ms / 2);
  while (!isOver()) {
    await action();
    await pause(ms);
  }
}

/** Emits nothing more and gives the clients time to have everything. Returns how long that took, or null. */
async function settle(fleet, watchers) {
  const started = performance.now();
  await until(() => watchers.every(({ isConnected }) => isConnected), 20_000);
  const last = await fleet.stopEmitting();
  // Streams of nodes that are dead end with what the luckiest client has.
  const isComplete = () => {
    const ends = endsOf(last, watchers);
    return watchers.every(
      (watcher) =>
        watcher.isConnected &&
        watcher.lost === 0 &&
        [...ends].every(([stream, number]) => (watcher.lastOf(stream) ?? number) >= number),
    );
  };
  const isSettled = await until(isComplete, PATIENCE_MS);
  for (const [stream, number] of endsOf(last, watchers)) for (const watcher of watchers) watcher.expect(stream, number);
  return isSettled ? performance.now() - started : null;
}

function endsOf(last, watchers) {
  const ends = new Map();
  for (const watcher of watchers) {
    for (const stream of watcher.streams) ends.set(stream, Math.max(ends.get(stream) ?? 0, watcher.lastOf(stream)));
  }
  // Of a node that lives, every event counts; but not those to a socket that has gone since.
  for (const [stream, number] of last) if (!stream.includes('/') || stream.includes('/room-')) ends.set(stream, number);
  return ends;
}

function summary({ contestant, seconds, fleet, balancer, watchers, settled, stats }) {
  const sum = (key) => watchers.reduce((total, watcher) => total + watcher[key], 0);
  const absences = watchers.flatMap((watcher) => watcher.absences).sort((a, b) => a - b);
  return {
    contestant,
    seconds,
    clients: watchers.length,
    received: sum('received'),
    cuts: balancer.cuts,
    kills: fleet.kills,
    recovered: sum('recovered'),
    told: sum('told'),
    lost: sum('lost'),
    doubled: sum('doubled'),
    late: sum('late'),
    disordered: sum('disordered'),
    awayMs: { median: Math.round(absences[absences.length >> 1] ?? 0), max: Math.round(absences.at(-1) ?? 0) },
    settledMs: settled === null ? null : Math.round(settled),
    errors: [...new Set(fleet.errors)].slice(0, 5),
    incidents: watchers.flatMap(({ incidents }) => incidents).slice(0, 20),
    gaps: watchers.flatMap(({ gaps }) => gaps).slice(0, 10),
    nodes: stats,
  };
}

/** A client whose connection is dead may learn that only by its heartbeat, ten seconds after the last one. */
const PATIENCE_MS = 20_000;
