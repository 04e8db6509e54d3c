/** One run: users with several tabs who come, go and reload on a fleet whose nodes die, and what is said of them. */
import { Balancer } from './balancer.mjs';
import { Fleet, ask } from './fleet.mjs';
import { RedisProcess } from './services.mjs';
import { User } from './user.mjs';
import { pause, until } from './wait.mjs';

const NODES = 3;
const HEARTBEAT_MS = 500;
const GRACE_MS = 2_000;
/** How far what a client sees may be behind what its server does, on a busy machine. */
const LAG_MS = 500;

/**
 * @param options.seconds how long there is churn, in rounds; between two of them everything is quiet and is compared
 */
export async function runPresenceChaos({ contestant, seconds, users = 200, roundMs = 4_000, killEvery = 3_000 }) {
  const redis = new RedisProcess();
  await redis.start();
  const presence = { heartbeatInterval: HEARTBEAT_MS, gracePeriod: GRACE_MS };
  const settings = { contestant, redis: redis.url, name: `presence-${process.pid}`, presence };
  const fleet = new Fleet(settings, 'presence-node.mjs');
  const balancer = new Balancer(fleet);
  const tally = { contestant, seconds, users, kills: 0, reloads: 0, changes: 0, compared: 0, wrong: 0 };
  const verdict = { doubledOffline: 0, doubledOnline: 0, early: 0, missing: 0 };
  let crowd = [];
  try {
    await balancer.listen();
    crowd = Array.from({ length: users }, (_none, i) => new User(`user-${i}`, `http://127.0.0.1:${balancer.port}`));
    const byName = new Map(crowd.map((user) => [user.name, user]));
    fleet.onMessage = ({ change }) => {
      if (change === undefined) return;
      tally.changes++;
      judge(byName.get(change.key), change.state, fleet, verdict);
    };
    await fleet.start(NODES);
    for (const user of crowd) user.openTab();
    const details = [];
    for (let left = seconds * 1_000; left > 0; left -= roundMs) {
      await churn(crowd, fleet, Math.min(left, roundMs), killEvery, tally);
      details.push(...(await compare(crowd, fleet, tally, verdict)));
    }
    tally.kills = fleet.kills;
    return { ...tally, ...verdict, errors: [...new Set(fleet.errors)].slice(0, 5), details: details.slice(0, 10) };
  } finally {
    for (const user of crowd) user.close();
    balancer.close();
    fleet.end();
    await redis.end();
  }
}

/** Whether an announcement was right, by what the user's own tabs have seen. */
function judge(user, state, fleet, verdict) {
  // What a node announced in its last moment was lost with it, so that the next one may look like a second.
  const isKnown = user.announcedAt > fleet.killedAt;
  if (user.announced === state && (state === 'offline' || isKnown)) {
    verdict[state === 'offline' ? 'doubledOffline' : 'doubledOnline']++;
  }
  if (state === 'offline') {
    const now = performance.now();
    if (user.wasThere(now - GRACE_MS + LAG_MS, now - LAG_MS)) verdict.early++;
  }
  user.announced = state;
  user.announcedAt = performance.now();
}

async function churn(crowd, fleet, ms, killEvery, tally) {
  const end = performance.now() + ms;
  let killAt = performance.now() + killEvery / 2;
  while (performance.now() < end) {
    const user = crowd[Math.floor(Math.random() * crowd.length)];
    if (user.act()) tally.reloads++;
    if (performance.now() > killAt) {
      killAt += killEvery;
      await fleet.kill();
      await fleet.add();
    }
    await pause(10);
  }
}

/** Waits until nothing moves, and holds the list of every node against who is there. */
async function compare(crowd, fleet, tally, verdict) {
  await until(() => crowd.every((user) => user.isSettled), 15_000);
  // A killed node is noticed, the grace period passes, and its word travels.
  await pause(GRACE_MS + 4 * HEARTBEAT_MS + LAG_MS);
  const truth = textOf(crowd.filter(({ ids }) => ids.length > 0).map(({ name, ids }) => ({ key: name, sockets: ids })));
  const details = [];
  for (const { child } of fleet.nodes) {
    const { list } = await ask(child, 'list', 'list');
    tally.compared++;
    if (textOf(list) === truth) continue;
    tally.wrong++;
    details.push(difference(JSON.parse(textOf(list)), JSON.parse(truth)));
  }
  for (const { announced, ids } of crowd) if ((announced === 'online') !== ids.length > 0) verdict.missing++;
  return details;
}

function textOf(list) {
  const rows = list.map(({ key, sockets }) => `${key} ${sockets.toSorted().join(' ')}`);
  return JSON.stringify(rows.toSorted());
}

function difference(list, truth) {
  return { tooMuch: list.filter((row) => !truth.includes(row)), tooLittle: truth.filter((row) => !list.includes(row)) };
}
