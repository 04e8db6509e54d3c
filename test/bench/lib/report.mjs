/** Servers that the others are compared with. */
export const REFERENCES = ['ws', 'socket.io'];

/** Columns of a scenario that measures CPU, and of one that measures memory. */
const COLUMNS = {
  cpu: [
    { head: 'us CPU', cell: ({ cost }) => digits(cost) },
    { head: 'min-max', cell: ({ least, most }) => `${digits(least)}-${digits(most)}` },
    ...ratioColumns(),
    { head: 'per s', cell: ({ rate }) => Math.round(rate).toLocaleString('en') },
    { head: 'p50 ms', cell: ({ p50 }) => digits(p50) },
    { head: 'p99 ms', cell: ({ p99 }) => digits(p99) },
    { head: 'server', cell: ({ serverBusy }) => percent(serverBusy) },
    { head: 'load', cell: ({ generatorBusy }) => percent(generatorBusy) },
    { head: 'others', cell: ({ othersBusy }) => percent(Math.max(0, othersBusy)) },
    { head: 'RSS MB', cell: ({ rss }) => Math.round(rss / 1e6) },
  ],
  memory: [
    { head: 'KB RSS', cell: ({ cost }) => digits(cost / 1000) },
    { head: 'min-max', cell: ({ least, most }) => `${digits(least / 1000)}-${digits(most / 1000)}` },
    ...ratioColumns(),
    { head: 'KB live', cell: ({ live }) => digits(live / 1000) },
    { head: 'RSS MB', cell: ({ rss }) => Math.round(rss / 1e6) },
  ],
};

/**
 * @param {ReturnType<import('./environment.mjs').describeEnvironment>} environment
 * @param {import('./options.mjs').Options} options
 */
export function renderHeader({ date, commit, node, machine, pinned, versions }, { rounds, seconds }) {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `Date     ${date}`,
    `Commit   ${commit}`,
    `Node     ${node}`,
    `Machine  ${machine}${pinned ? ', server and load pinned to a core each' : ', not pinned'}`,
    `Packages ${packages.join(', ')}`,
    `Run      ${rounds} x ${seconds} s per server and table, medians`,
  ].join('\n');
}

/**
 * One table; its ratios are those of the medians.
 *
 * @param {import('../scenarios/index.mjs').Scenario} scenario
 * @param {string} label of the variant
 * @param {{ server: string, failure: string | null, summary: any, ratios: Record<string, number> }[]} results
 */
export function renderTable(scenario, label, results) {
  const rows = results.filter(({ summary }) => summary !== null);
  const columns = COLUMNS[scenario.measures].filter(({ cell }) => rows.some((row) => cell(row.summary, row) !== '-'));
  const table = [
    ['server', ...columns.map(({ head }) => head)],
    ...rows.map((row) => [row.server, ...columns.map(({ cell }) => String(cell(row.summary, row)))]),
  ];
  const failures = results.filter(({ failure }) => failure !== null);
  return [
    `## ${scenario.title}: ${label} (per ${scenario.unit})`,
    '',
    ...align(table),
    ...failures.map(({ server, failure }) => `\n${server} FAILED: ${failure}`),
  ].join('\n');
}

function ratioColumns() {
  return REFERENCES.map((name) => ({ head: `/ ${name}`, cell: (_, { ratios }) => digits(ratios[name], 2) }));
}

/** Markdown, so that a table can be kept as it is. */
function align(table) {
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const line = (row) =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(table[0]), rule, ...table.slice(1).map(line)];
}

function digits(value, decimals) {
  if (value === undefined) return '-';
  return value.toFixed(decimals ?? (value < 10 ? 2 : value < 100 ? 1 : 0));
}

function percent(share) {
  return `${Math.round(share * 100)}%`;
}
