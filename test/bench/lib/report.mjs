import { digits, percent, renderRows } from './markdown.mjs';

/** Servers that the others are compared with. */
export const REFERENCES = ['ws', 'socket.io', 'floor', 'floor-fastify', 'socketioxide'];

const cpuColumns = (head, scale) => [
  { head, cell: ({ cost }) => digits(cost / scale) },
  { head: 'min-max', cell: ({ least, most }) => `${digits(least / scale)}-${digits(most / scale)}` },
  ...REFERENCES.map((name) => ({ head: `/ ${name}`, cell: (_, { ratios }) => digits(ratios[name], 2) })),
];
const RSS = { head: 'RSS MB', cell: ({ rss }) => String(Math.round(rss / 1e6)) };

function kilo(bytes) {
  return bytes === undefined ? undefined : bytes / 1000;
}

/** Columns by what a scenario measures. */
const COLUMNS = {
  cpu: [
    ...cpuColumns('us CPU', 1),
    { head: 'per s', cell: ({ rate }) => Math.round(rate).toLocaleString('en') },
    { head: 'B', cell: ({ bytes }) => digits(bytes, 0) },
    { head: 'p50 ms', cell: ({ p50 }) => digits(p50) },
    { head: 'p99 ms', cell: ({ p99 }) => digits(p99) },
    { head: 'server', cell: ({ serverBusy }) => percent(serverBusy) },
    { head: 'load', cell: ({ generatorBusy }) => percent(generatorBusy) },
    { head: 'others', cell: ({ othersBusy }) => percent(Math.max(0, othersBusy)) },
    RSS,
  ],
  memory: [...cpuColumns('KB RSS', 1000), { head: 'KB live', cell: ({ live }) => digits(kilo(live)) }, RSS],
  start: [...cpuColumns('ms CPU', 1000), { head: 'ms', cell: ({ elapsed }) => digits(elapsed) }, RSS],
  scale: [
    ...cpuColumns('us CPU', 1),
    { head: 'KB RSS', cell: ({ bytes }) => digits(kilo(bytes)) },
    { head: 'KB live', cell: ({ live }) => digits(kilo(live)) },
    { head: 'ms held up, coming', cell: ({ openPause }) => digits(openPause) },
    { head: 'going', cell: ({ closePause }) => digits(closePause) },
    RSS,
  ],
};

/**
 * @param {ReturnType<import('./environment.mjs').describeEnvironment>} environment
 * @param {string} run how it was measured
 */
export function renderHeader({ date, commit, node, machine, pinned, versions }, run) {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `Date     ${date}`,
    `Commit   ${commit}`,
    `Node     ${node}`,
    `Machine  ${machine}${pinned ? ', server and load pinned to a core each' : ', not pinned'}`,
    `Packages ${packages.join(', ')}`,
    `Run      ${run}`,
  ].join('\n');
}

/**
 * @typedef {object} Table the results of one variant
 * @property {import('../scenarios/index.mjs').Scenario} scenario
 * @property {import('../scenarios/index.mjs').Variant} variant
 * @property {Result[]} results
 *
 * @typedef {object} Result
 * @property {string} server
 * @property {string} [player] the server without its setting
 * @property {string} [setting]
 * @property {string | null} failure
 * @property {any} summary medians of its samples; null where there is none
 * @property {Record<string, number>} ratios of its cost to that of each reference
 *
 * All that was measured of one variant; its ratios are those of the medians.
 *
 * @param {Table} table
 */
export function renderTable({ scenario, variant, results }) {
  const rows = results.filter(({ summary }) => summary !== null);
  const columns = COLUMNS[scenario.measures].filter(({ cell }) => rows.some((row) => cell(row.summary, row) !== '-'));
  const failures = results.filter(({ failure }) => failure !== null);
  return [
    `## ${scenario.title}: ${variant.label} (per ${scenario.unit})`,
    '',
    renderRows([
      ['server', ...columns.map(({ head }) => head)],
      ...rows.map((row) => [row.server, ...columns.map(({ cell }) => cell(row.summary, row))]),
    ]),
    ...failures.map(({ server, failure }) => `\n${server} FAILED: ${failure}`),
  ].join('\n');
}
