import { digits, renderRows } from './markdown.mjs';

const UNITS = { cpu: 'µs', memory: 'KB', start: 'ms', scale: 'µs' };
const SCALES = { cpu: 1, memory: 1000, start: 1000, scale: 1 };

/**
 * One row per variant: what each server spends, how ours compares, and whether the goals are met.
 *
 * @param {import('./report.mjs').Table[]} tables
 * @param {string[]} servers names, in the order of the columns
 */
export function renderCosts(tables, servers) {
  return renderRows([
    ['scenario', ...servers, 'ours-nest / ws', '/ socket.io', '/ floor', '/ socketioxide', 'goal'],
    ...tables.map((table) => {
      const { scenario, variant } = table;
      const ratios = summaryOf(table, 'ours-nest', ({ ratios }) => ratios) ?? {};
      return [
        `${scenario.title}: ${variant.label}, ${UNITS[scenario.measures]}`,
        ...servers.map((name) => digits(costOf(table, name))),
        digits(ratios.ws, 2),
        digits(ratios['socket.io'], 2),
        digits(ratios.floor, 2),
        digits(ratios.socketioxide, 2),
        (variant.goals ?? []).map((goal) => renderGoal(table, goal)).join(', '),
      ];
    }),
  ]);
}

/** The 99th percentiles of those scenarios that have any. */
export function renderLatencies(tables, servers) {
  const p99Of = (table, name) => summaryOf(table, name, ({ summary }) => summary?.p99);
  const timed = tables.filter((table) => servers.some((name) => p99Of(table, name) !== undefined));
  if (timed.length === 0) return '';
  return renderRows([
    ['p99, ms', ...servers, 'ours-nest / socket.io'],
    ...timed.map((table) => [
      `${table.scenario.title}: ${table.variant.label}`,
      ...servers.map((name) => digits(p99Of(table, name))),
      digits(p99Of(table, 'ours-nest') / p99Of(table, 'socket.io'), 2).replace('NaN', '-'),
    ]),
  ]);
}

/** One table per scenario that grows: a row per server, a column per size, and the factor from first to last. */
export function renderGrowth(tables, servers) {
  const scenarios = [...new Set(tables.map(({ scenario }) => scenario))];
  return scenarios.map((scenario) => {
    const own = tables.filter((table) => table.scenario === scenario);
    const players = servers.filter((name) => own.every((table) => costOf(table, name) !== undefined));
    const sizes = own.map(({ variant }) => String(variant.size));
    const rows = players.map((name) => {
      const costs = own.map((table) => costOf(table, name));
      return [name, ...costs.map((cost) => digits(cost)), digits(costs.at(-1) / costs[0], 2)];
    });
    return `${scenario.title}, by ${scenario.growsWith}, µs:\n\n${renderRows([['server', ...sizes, 'last / first'], ...rows])}`;
  });
}

function renderGoal(table, goal) {
  const ratio = ratioOf(table, goal);
  const verdict = ratio === undefined ? '' : ratio <= goal.atMost ? ' met' : ' NOT MET';
  const who = goal.server === 'ours-nest' ? '' : `${goal.server} `;
  return `${who}≤ ${goal.atMost} × ${goal.peer}${verdict}`;
}

function ratioOf(table, { server, peer }) {
  return summaryOf(table, server, ({ ratios }) => ratios)?.[peer];
}

function costOf(table, name) {
  const cost = summaryOf(table, name, ({ summary }) => summary?.cost);
  return cost === undefined ? undefined : cost / SCALES[table.scenario.measures];
}

function summaryOf({ results }, name, read) {
  const result = results.find(({ server }) => server === name);
  return result === undefined ? undefined : read(result);
}
