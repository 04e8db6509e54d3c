import { describeEnvironment } from '../lib/environment.mjs';
import { Baseline } from '../lib/baseline.mjs';
import { DISTURBANCE } from '../lib/contest.mjs';
import { Duel } from '../lib/duel.mjs';
import { digits, renderRows } from '../lib/markdown.mjs';
import { NO_SAMPLE } from '../lib/no-sample.mjs';
import { startGenerator } from '../lib/processes.mjs';
import { showProgress } from '../lib/progress.mjs';
import { renderHeader } from '../lib/report.mjs';
import { lowerQuartile, median } from '../lib/statistics.mjs';

/** From here on a first look is not trusted. Below the tolerance, since a look too many costs seconds only. */
const SUSPICION = 1.15;
/** How many pairs of processes are compared: at first, on suspicion, and for a baseline. */
const LOOKS = { first: 2, second: 3, baseline: 7 };

/**
 * Whom ours is held against in each scenario: the peer that does the most similar work, so that what a machine is good
 * at cancels out.
 */
const PEERS = {
  echo: 'ws',
  bound: 'ws',
  events: 'ws',
  broadcast: 'ws',
  room: 'ws',
  rooms: 'ws',
  binary: 'ws',
  polling: 'floor',
  connect: 'floor',
  'default-connect': 'socket.io',
  heartbeat: 'floor',
  idle: 'socket.io',
};

/**
 * Compares the cost of ours with that of a peer, in the same minute and on the same core, and that ratio with the one in
 * baseline.json: it hardly depends on the machine, nor on what else runs there. Where our package as it was before
 * competes, it is the peer, and costs are expected to be equal.
 *
 * @param {import('../lib/options.mjs').Options} options
 * @returns {Promise<boolean>} false if a scenario became too dear, or a server failed
 */
export async function check(options) {
  const environment = describeEnvironment();
  console.log(`${renderHeader(environment, 'short turns of ours and a peer, lower quartile of pairs of processes')}\n`);
  const generator = startGenerator();
  try {
    const contests = options.scenarios
      .filter(({ name }) => Object.hasOwn(PEERS, name))
      .map((scenario) => contestOf(scenario, options, generator));
    const baseline = Baseline.read();
    if (options.save) await save(contests, baseline, environment);
    else return await judge(contests, options.comparesBefore ? null : baseline, options.tolerance);
    return true;
  } finally {
    await generator.stop();
  }
}

function contestOf(scenario, { servers, comparesBefore }, generator) {
  const peer = comparesBefore ? 'ours-nest-before' : PEERS[scenario.name];
  const [ours, other] = ['ours-nest', peer].map((name) => servers.find((server) => server.name === name));
  const duel = new Duel(scenario, ours, other, generator);
  return {
    name: scenario.name,
    peer,
    async measure(pairs) {
      showProgress(`${scenario.name}: ${pairs} pairs`);
      const looks = await duel.fight(pairs);
      showProgress('');
      return { ratios: looks.map(({ ratio }) => ratio), othersBusy: median(looks.map((look) => look.othersBusy)) };
    },
  };
}

/**
 * @param {Baseline | null} baseline null where the costs are expected to be equal
 * @param {number} tolerance by what factor a scenario may become dearer, against its peer, than the baseline says
 */
export async function judge(contests, baseline, tolerance) {
  const rows = [['ours-nest', 'against', 'expected', 'now', 'change', 'pairs', '']];
  const failures = [];
  const unknown = [];
  for (const contest of contests) {
    try {
      const row = await judgeOne(contest, baseline, tolerance);
      rows.push(row);
      if (row.at(-1) === DEARER) failures.push(`${contest.name} costs more than ${tolerance} x what is expected`);
      if (row.at(-1) === NOISY) unknown.push(`${contest.name} seems dearer, but something else uses this machine`);
    } catch (error) {
      // A server that does not start, ends or answers wrongly is no noise.
      if (error.code !== NO_SAMPLE) failures.push(`${contest.name} failed: ${error.message}`);
      else unknown.push(`${contest.name} could not be measured (${error.message}): ${NOISY}`);
    }
  }
  console.log(renderRows(rows));
  for (const line of [...failures, ...unknown]) console.log(`\n${line}`);
  return failures.length === 0;
}

const DEARER = 'DEARER';
const NOISY = 'too noisy to tell';

async function judgeOne({ name, peer, measure }, baseline, tolerance) {
  const expected = baseline === null ? 1 : baseline.ratioOf(name);
  let measured = await measure(LOOKS.first);
  let looks = LOOKS.first;
  if (lowerQuartile(measured.ratios) > expected * SUSPICION) {
    measured = await measure(LOOKS.second);
    looks += LOOKS.second;
  }
  const ratio = lowerQuartile(measured.ratios);
  const change = ratio / expected;
  return [
    name,
    peer,
    digits(expected, 2),
    digits(ratio, 2),
    percent(change),
    String(looks),
    verdictOn(change, measured.othersBusy, tolerance),
  ];
}

function verdictOn(change, othersBusy, tolerance) {
  if (change <= tolerance) return 'ok';
  return othersBusy > DISTURBANCE ? NOISY : DEARER;
}

async function save(contests, baseline, environment) {
  for (const { name, peer, measure } of contests) {
    const { ratios } = await measure(LOOKS.baseline);
    baseline.put(name, lowerQuartile(ratios), environment);
    console.log(
      `${name} against ${peer}: ${digits(lowerQuartile(ratios), 2)}, of ${ratios.map((one) => digits(one, 2)).join(' ')}`,
    );
  }
}

function percent(change) {
  const points = Math.round((change - 1) * 100);
  return `${points > 0 ? '+' : ''}${points}%`;
}
