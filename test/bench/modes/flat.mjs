import { Contestant } from '../lib/contestant.mjs';
import { describeEnvironment } from '../lib/environment.mjs';
import { digits, percent, renderRows } from '../lib/markdown.mjs';
import { startGenerator } from '../lib/processes.mjs';
import { renderHeader } from '../lib/report.mjs';
import { slope } from '../lib/statistics.mjs';

const SECONDS = 10;
const MEGABYTE = 1e6;
/** By how much the memory may grow within the second half, in bytes: what is alive, and the resident set around it. */
const BOUNDS = { live: 1 * MEGABYTE, rss: 8 * MEGABYTE };

/**
 * Full load for so many minutes; after every ten seconds of it, what is alive and the resident set.
 *
 * @param {import('../lib/options.mjs').Options} options
 * @returns {Promise<boolean>} false where memory grew in the second half: by then all is compiled and every pool is full
 */
export async function flat({ scenarios, servers, minutes }) {
  const [scenario] = scenarios;
  const [server] = servers;
  const [variant] = scenario.variants;
  console.log(`${renderHeader(describeEnvironment(), `${minutes} minutes, ${server.name}: ${variant.label}`)}\n`);
  const generator = startGenerator();
  let contestant = null;
  try {
    contestant = await Contestant.enter(server, generator, scenario, variant);
    const samples = [];
    while (samples.length < (minutes * 60) / SECONDS) {
      samples.push(await sample(contestant));
      if (samples.length % 6 === 0) console.log(`${samples.length / 6} min: ${describe(samples.at(-1))}`);
    }
    return judge(samples);
  } finally {
    await contestant?.leave();
    await generator.stop();
  }
}

async function sample(contestant) {
  const { count, serverBusy } = await contestant.measure(SECONDS);
  return { count, serverBusy, ...(await contestant.server.call('memory')) };
}

function describe({ count, serverBusy, live, rss }) {
  return `${count} messages, server ${percent(serverBusy)}, alive ${megabytes(live)} MB, RSS ${megabytes(rss)} MB`;
}

function judge(samples) {
  const half = samples.slice(samples.length >> 1);
  const rows = Object.entries(BOUNDS).map(([name, bound]) => {
    const values = half.map((one) => one[name]);
    const growth = slope(values) * half.length;
    return { name, values, growth, bound, isFlat: growth <= bound };
  });
  const total = samples.reduce((sum, { count }) => sum + count, 0);
  console.log(`\n${total.toLocaleString('en')} messages. The second half, MB:\n`);
  console.log(
    renderRows([
      ['', 'least', 'most', 'growth', 'bound', ''],
      ...rows.map(({ name, values, growth, bound, isFlat }) => [
        name,
        megabytes(Math.min(...values)),
        megabytes(Math.max(...values)),
        megabytes(growth),
        megabytes(bound),
        isFlat ? 'flat' : 'GROWS',
      ]),
    ]),
  );
  return rows.every(({ isFlat }) => isFlat);
}

function megabytes(bytes) {
  return digits(bytes / MEGABYTE, 2);
}
