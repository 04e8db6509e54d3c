/** Compares servers side by side; see README.md. */
import { mkdirSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { buildWhenStale } from './lib/build.mjs';
import { Contest } from './lib/contest.mjs';
import { describeEnvironment } from './lib/environment.mjs';
import { readOptions } from './lib/options.mjs';
import { REFERENCES, renderHeader, renderTable } from './lib/report.mjs';
import { summarize } from './lib/statistics.mjs';
import { scenarios } from './scenarios/index.mjs';
import { isInstalled, servers } from './servers/index.mjs';

const options = readArguments();
if (options !== null) await bench(options);

/** @returns {import('./lib/options.mjs').Options | null} null when there is nothing to run */
function readArguments() {
  try {
    return readOptions(process.argv.slice(2), scenarios, servers);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 2;
    return null;
  }
}

/** @param {import('./lib/options.mjs').Options} options */
async function bench(options) {
  if (options.servers.some(({ name }) => name.startsWith('ours'))) buildWhenStale();
  const present = options.servers.filter(({ name, needs }) => {
    const isPresent = isInstalled(needs);
    if (!isPresent) console.log(`${name} is skipped: ${needs} is not there`);
    return isPresent;
  });
  const environment = describeEnvironment();
  console.log(`${renderHeader(environment, options)}\n`);

  const tables = [];
  for (const scenario of options.scenarios) {
    for (const [index, variant] of scenario.variants.entries()) {
      if (options.quick && !variant.quick) continue;
      const contest = new Contest(scenario, index, { ...options, servers: present });
      const played = await contest.play((text) => showProgress(`${scenario.name}: ${text}`));
      showProgress('');
      const results = compare(played);
      console.log(`${renderTable(scenario, variant.label, results)}\n`);
      tables.push({ scenario: scenario.name, measures: scenario.measures, variant, results });
    }
  }
  const { rounds, seconds, warmup, quick } = options;
  console.log(`Kept in ${keep({ environment, options: { rounds, seconds, warmup, quick }, tables })}`);
  if (tables.some(({ results }) => results.some(({ failure }) => failure !== null))) process.exitCode = 1;
}

/** Adds the summary of each server, and the ratio of its median to that of each reference. */
function compare(played) {
  const summaries = new Map();
  for (const { server, samples } of played) summaries.set(server, samples.length > 0 ? summarize(samples) : null);
  return played.map((result) => {
    const summary = summaries.get(result.server);
    const ratios = {};
    for (const reference of REFERENCES) {
      const base = summaries.get(reference);
      if (summary && base) ratios[reference] = summary.cost / base.cost;
    }
    return { ...result, summary, ratios };
  });
}

/** @returns {string} the file */
function keep(report) {
  const folder = fileURLToPath(new URL('./results/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const file = `${folder}${report.environment.date.replaceAll(':', '-')}.json`;
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  return file;
}

/** One line that is written over, on a terminal only. */
function showProgress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}
