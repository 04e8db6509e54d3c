/**
 * What it costs to get from the decoded arguments of an event to its ack, through what is bound to the handler: ours beside
 * what Nest offers, in one process, in turns. `npm run bench:dispatch`; ends with 1 where a goal is not met.
 */
import process from 'node:process';
import { buildWhenStale } from '../lib/build.mjs';
import { describeEnvironment } from '../lib/environment.mjs';
import { renderRows } from '../lib/markdown.mjs';
import { median } from '../lib/statistics.mjs';
import { CASES, SCOPED } from './gateway.mjs';

const ROUNDS = 9;
const ROUND_MS = 150;
const BATCH = 100;

/** How many times dearer the others have to be, by contestant and case. */
const GOALS = {
  'platform-socket.io': { nothing: 5, 'guard, pipe, parameters': 4 },
  ExternalContextCreator: { nothing: 5, 'guard and parameters': 5 },
};

async function main() {
  buildWhenStale();
  const { ours, external, platformSocketIo } = await import('./contestants.mjs');
  const contestants = [await ours(), await external(), await platformSocketIo()];
  const { date, commit, node, machine, versions } = describeEnvironment();
  console.log(`${date}, commit ${commit}, Node ${node}, Nest ${versions['@nestjs/core']}\n${machine}\n`);
  console.log('ns of CPU from the arguments to the ack, the median of rounds in turns; behind it times ours\n');
  const rows = [['bound', ...contestants.map(({ name }) => name)]];
  const missed = [];
  for (const event of [...CASES, ...SCOPED]) {
    const costs = await measure(contestants, event);
    rows.push([event, ...costs.map((cost) => (cost === null ? '-' : describe(cost, costs[0])))]);
    contestants.forEach(({ name }, i) => {
      const goal = GOALS[name]?.[event];
      if (goal !== undefined && costs[i] < goal * costs[0]) missed.push(`${event}: not ${goal} × cheaper than ${name}`);
    });
  }
  console.log(renderRows(rows));
  missed.push(...(await measureContracts()));
  console.log(missed.length === 0 ? '\nevery goal is met' : `\nmissed: ${missed.join('; ')}`);
  for (const { close } of contestants) await close();
  process.exitCode = missed.length === 0 ? 0 : 1;
}

/** What a contract adds: nothing for types, and for schemas no more than this beside their library, in ns. */
const CONTRACT_GOALS = { typed: 1.01, besideLibrary: 60, refusal: 5_000 };

/** Prints what contracts cost; the goals that are not met. */
async function measureContracts() {
  const { contracts } = await import('./contracts.mjs');
  const { pairs, refused, close } = await contracts();
  const missed = [];
  const rows = [['contract', 'by contract', 'by name', 'library alone', 'added']];
  const all = [...pairs.map((pair) => [false, ...pair]), ...refused.map((pair) => [true, ...pair])];
  for (const [isRefused, name, ...handlers] of all) {
    const samples = handlers.map(() => []);
    // A hundredth is told apart by more rounds, and by what two that follow each other cost.
    const rounds = handlers.length === 2 ? 3 * ROUNDS : ROUNDS;
    for (let round = 0; round <= rounds; round++) {
      const turns = [...handlers.entries()];
      // Who comes second finds warmer caches.
      if (round % 2 === 1) turns.reverse();
      for (const [i, handler] of turns) {
        const accepts = isRefused && i !== 1 ? isRefusal : isAnswered;
        const cost = await sample((_body, ack) => handler(ack), accepts);
        if (round > 0) samples[i].push(cost);
      }
    }
    const [own, named, library] = samples.map(median);
    const added = own - named - (library ?? 0);
    rows.push(
      [isRefused ? `${name}, refused` : name, own, named, library, added].map((each) =>
        typeof each === 'number' ? each.toFixed(0) : (each ?? '-'),
      ),
    );
    if (library === undefined) {
      const ratio = median(samples[0].map((cost, round) => cost / samples[1][round]));
      console.log(`\n${name}: ${ratio.toFixed(3)} × by name`);
      if (ratio > CONTRACT_GOALS.typed) missed.push(`${name}: dearer than by name`);
    }
    const goal = isRefused ? CONTRACT_GOALS.refusal : CONTRACT_GOALS.besideLibrary;
    if (library !== undefined && added > goal)
      missed.push(`${name}: ${isRefused ? 'a refusal costs too much' : 'more than its library'}`);
  }
  console.log(`\n${renderRows(rows)}`);
  await close();
  return missed;
}

function describe(cost, own) {
  return cost === own ? cost.toFixed(0) : `${cost.toFixed(0)} (${(cost / own).toFixed(1)} ×)`;
}

/** The cost of one event for each contestant; null where it does not take part. */
async function measure(contestants, event) {
  const handlers = contestants.map(({ handlerFor }) => handlerFor(event));
  const samples = handlers.map(() => []);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [i, handler] of handlers.entries()) {
      if (handler === null) continue;
      const cost = await sample(handler);
      // The first round warms up.
      if (round > 0) samples[i].push(cost);
    }
  }
  return samples.map((costs) => (costs.length === 0 ? null : median(costs)));
}

/** In CPU time, which a machine that has other things to do changes little. */
async function sample(handler, accepts = isBody) {
  const end = performance.now() + ROUND_MS;
  const start = process.cpuUsage();
  let count = 0;
  while (performance.now() < end) {
    await batch(handler, accepts);
    count += BATCH;
  }
  const { user, system } = process.cpuUsage(start);
  return ((user + system) * 1_000) / count;
}

/** Resolves once all of a batch are answered; fails where an answer is wrong. */
function batch(handler, accepts) {
  return new Promise((resolve, reject) => {
    let open = BATCH;
    const ack = (answer) => {
      if (!accepts(answer)) reject(new Error(`answered with ${JSON.stringify(answer)}`));
      else if (--open === 0) resolve();
    };
    for (let i = 0; i < BATCH; i++) handler(BODY, ack);
  });
}

const BODY = { text: 'hello' };

function isBody(answer) {
  return answer === BODY;
}

/** The error reply, or what the library found. */
function isRefusal(answer) {
  return answer.code === 'INVALID_ARGUMENTS' || answer.issues.length === 1;
}

/** Schemas may give a copy. */
function isAnswered(answer) {
  return answer.text === 'hello';
}

await main();
