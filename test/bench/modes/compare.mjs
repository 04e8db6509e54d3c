import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Contest } from '../lib/contest.mjs';
import { describeEnvironment } from '../lib/environment.mjs';
import { showProgress } from '../lib/progress.mjs';
import { REFERENCES, renderHeader, renderTable } from '../lib/report.mjs';
import { renderSettings } from '../lib/settings-summary.mjs';
import { summarize } from '../lib/statistics.mjs';
import { renderCosts, renderGrowth, renderLatencies } from '../lib/summary.mjs';
import { playersOf } from '../scenarios/index.mjs';

/**
 * Plays every scenario with every server and reports; with `write`, the summary goes into the README as well.
 *
 * @param {import('../lib/options.mjs').Options} options
 * @returns {Promise<boolean>} whether every server answered as it should
 */
export async function compare(options) {
  const environment = describeEnvironment();
  const { runs, seconds, warmup, quick } = options;
  const header = renderHeader(environment, `${runs} x ${seconds} s per server and table, medians`);
  console.log(`${header}\n`);

  const tables = [];
  for (const scenario of options.scenarios) {
    for (const variant of scenario.variants.filter((one) => !quick || one.quick || one.size !== undefined)) {
      const servers = playersOf(options.servers, scenario, variant);
      const contest = new Contest(scenario, variant, servers, options);
      const played = await contest.play((text) => showProgress(`${scenario.name}: ${text}`));
      showProgress('');
      const table = { scenario, variant, results: addRatios(played) };
      console.log(`${renderTable(table)}\n`);
      tables.push(table);
    }
  }

  const summary = summaryOf(
    tables,
    options.servers.map(({ name }) => name),
  );
  console.log(`# Summary\n\n${summary}\n`);
  if (options.write) writeIntoReadme(tables, `${indent(header)}\n\n${summary}`);
  const kept = tables.map(({ scenario, variant, results }) => ({ scenario: scenario.name, variant, results }));
  console.log(`Kept in ${keep({ environment, options: { runs, seconds, warmup, quick }, tables: kept })}`);
  return tables.every(({ results }) => results.every(({ failure }) => failure === null));
}

/** Adds the summary of each server, and the ratio of its median to that of each reference. */
function addRatios(played) {
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

function summaryOf(tables, servers) {
  const playedBy = (option) => tables.filter((table) => optionOf(table) === option);
  const others = playedBy(null);
  const parts = [
    ...renderGrowth(playedBy('growth'), servers),
    ...renderSettings(playedBy('settings')),
    ...playedBy('scale').map(renderTable),
  ];
  if (others.length > 0) parts.unshift(renderCosts(others, servers), renderLatencies(others, servers));
  return parts.filter((part) => part !== '').join('\n\n');
}

/** The option with which the scenario is played and which has a part of the summary to itself, or null. */
function optionOf({ scenario: { playedBy } }) {
  return playedBy === 'growth' || playedBy === 'settings' || playedBy === 'scale' ? playedBy : null;
}

/** Between the marks of what was played: the scenarios, those that grow, settings, or the one of scale. */
function writeIntoReadme(tables, text) {
  const mark = optionOf(tables[0]) ?? 'results';
  const file = fileURLToPath(new URL('../README.md', import.meta.url));
  const [before, rest] = readFileSync(file, 'utf8').split(`<!-- ${mark} -->`);
  const [, after] = rest.split(`<!-- end of ${mark} -->`);
  writeFileSync(file, `${before}<!-- ${mark} -->\n\n${text}\n\n<!-- end of ${mark} -->${after}`);
}

function indent(text) {
  return text.replaceAll(/^/gm, '    ');
}

/** @returns {string} the file */
function keep(report) {
  const folder = fileURLToPath(new URL('../results/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const file = `${folder}${report.environment.date.replaceAll(':', '-')}.json`;
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  return file;
}
