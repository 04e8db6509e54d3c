import { digits, renderRows } from './markdown.mjs';

/** What is shown of each server, by what a scenario measures. Each column is also given as a ratio to the first setting. */
const COLUMNS = {
  cpu: [
    { head: 'µs', value: ({ cost }) => cost, isCompared: true },
    { head: 'B on the wire', value: ({ bytes }) => bytes, decimals: 0, isCompared: true },
    { head: 'p50 ms', value: ({ p50 }) => p50 },
    { head: 'p99 ms', value: ({ p99 }) => p99 },
  ],
  memory: [
    { head: 'KB RSS', value: ({ cost }) => cost / 1000, isCompared: true },
    { head: 'KB live', value: ({ live }) => live / 1000, isCompared: true },
  ],
};

/**
 * One table per scenario that is played with several settings: a row per variant and setting. Ratios are those of the
 * medians of one server and variant.
 *
 * @param {import('./report.mjs').Table[]} tables
 * @returns {string[]}
 */
export function renderSettings(tables) {
  const scenarios = [...new Set(tables.map(({ scenario }) => scenario))];
  return scenarios.map((scenario) => {
    const own = tables.filter((table) => table.scenario === scenario);
    const columns = columnsOf(scenario, own);
    const rows = own.flatMap(({ variant, results }) =>
      settingsOf(results).map((setting) => [
        `${variant.label}: ${setting}`,
        ...columns.map(({ server, cell }) => cell(results, server, setting)),
      ]),
    );
    return `${scenario.title}, per ${scenario.unit}:\n\n${renderRows([['', ...columns.map(({ head }) => head)], ...rows])}`;
  });
}

/** All of the first server, the compared ones of every other; those only that have something to show. */
function columnsOf({ measures }, tables) {
  const [first, ...others] = new Set(tables.flatMap(({ results }) => results.map(({ player }) => player)));
  const shown = [
    ...COLUMNS[measures].flatMap((column) => cellsOf(first, column)),
    ...others.flatMap((server) => cellsOf(server, COLUMNS[measures][0])),
  ];
  return shown.filter(({ server, cell }) =>
    tables.some(({ results }) => settingsOf(results).some((setting) => cell(results, server, setting) !== '-')),
  );
}

function cellsOf(server, { head, value, decimals, isCompared = false }) {
  const read = (results, setting) => {
    const summary = results.find((one) => one.player === server && one.setting === setting)?.summary;
    return summary ? value(summary) : undefined;
  };
  const plain = {
    server,
    head: `${server} ${head}`,
    cell: (results, _, setting) => digits(read(results, setting), decimals),
  };
  const ratio = (results, _, setting) => {
    const [base, found] = [read(results, settingsOf(results)[0]), read(results, setting)];
    return base === undefined || found === undefined ? '-' : digits(found / base, 2);
  };
  return isCompared ? [plain, { server, head: '/ first', cell: ratio }] : [plain];
}

function settingsOf(results) {
  return [...new Set(results.map(({ setting }) => setting))];
}
