import { fileURLToPath } from 'node:url';
import { Contestant } from '../lib/contestant.mjs';
import { describeEnvironment } from '../lib/environment.mjs';
import { digits, renderRows } from '../lib/markdown.mjs';
import { startGenerator, startServer } from '../lib/processes.mjs';
import { renderHeader } from '../lib/report.mjs';
import { ROOT } from '../servers/index.mjs';

const FUNCTIONS = 15;

/** By what a scenario measures: what is profiled, and in what unit and scale its costs are given. */
const KINDS = {
  cpu: { kind: 'cpu', unit: 'us', scale: 1 },
  memory: { kind: 'heap', unit: 'B', scale: 1 },
  start: { kind: 'cpu', unit: 'ms', scale: 1000 },
};

/**
 * Shows where a server spends its time in each scenario, or its memory; what the profiler itself takes is in it.
 *
 * @param {import('../lib/options.mjs').Options} options
 */
export async function profile(options) {
  console.log(`${renderHeader(describeEnvironment(), `${options.seconds} s per scenario, self time`)}\n`);
  const generator = startGenerator();
  try {
    for (const scenario of options.scenarios) {
      const variant = scenario.variants.find(({ quick }) => quick) ?? scenario.variants[0];
      for (const server of options.servers) await profileOne(server, generator, scenario, variant, options);
    }
  } finally {
    await generator.stop();
  }
  return true;
}

async function profileOne(server, generator, scenario, variant, options) {
  const { measures, title, unit } = scenario;
  const take = measures === 'start' ? profileStart : profileLoad;
  const { costs, count } = await take({ server, generator, scenario, variant, ...options }, KINDS[measures].kind);
  console.log(`## ${title}: ${variant.label}, ${server.name} (per ${unit})\n`);
  console.log(`${render(costs, count, KINDS[measures], describeFunction, FUNCTIONS)}\n`);
  console.log(`${render(costs, count, KINDS[measures], describePlace, FUNCTIONS)}\n`);
}

async function profileLoad({ server, generator, scenario, variant, seconds, warmup }, kind) {
  const contestant = await Contestant.enter(server, generator, scenario, variant);
  try {
    if (kind === 'cpu') await contestant.warmUp(warmup * 2 * (scenario.warmupFactor ?? 1));
    await contestant.server.call('startProfile', { kind });
    const { count } = kind === 'cpu' ? await contestant.measure(seconds) : await contestant.fill();
    if (kind === 'heap') await contestant.server.call('memory');
    return { costs: await contestant.server.call('stopProfile', { kind }), count };
  } finally {
    await contestant.leave();
  }
}

async function profileStart({ server, variant }, kind) {
  const { process } = await startServer(server, variant, (child) => child.call('startProfile', { kind }));
  const costs = await process.call('stopProfile', { kind });
  await process.stop();
  return { costs, count: 1 };
}

/** The dearest groups of functions, of which `describe` makes the names. */
function render(costs, count, { unit, scale }, describe, atMost) {
  const groups = new Map();
  for (const cost of costs) groups.set(describe(cost), (groups.get(describe(cost)) ?? 0) + cost.weight);
  const total = costs.reduce((sum, { weight }) => sum + weight, 0);
  const rows = [...groups].sort(([, a], [, b]) => b - a).slice(0, atMost);
  return renderRows([
    ['where', 'share', unit],
    ...rows.map(([name, weight]) => [name, `${digits((weight / total) * 100, 1)}%`, digits(weight / count / scale)]),
  ]);
}

function describeFunction({ name, url, line }) {
  if (url === '') return name.startsWith('(') ? name : `${name} (native)`;
  return `${name || '(anonymous)'} ${shorten(url)}:${line}`;
}

/** The layer of ours, the package, or Node. */
function describePlace({ name, url }) {
  if (url === '') return name.startsWith('(') ? name : 'native functions';
  const path = shorten(url);
  const [, layer] = /^dist\/esm\/([^/]+)\//.exec(path) ?? [];
  if (layer !== undefined) return `ours: ${layer}`;
  const modules = path.lastIndexOf('node_modules/');
  if (modules === -1) return path.startsWith('node:') ? 'node' : path;
  const [scope, name_] = path.slice(modules + 'node_modules/'.length).split('/');
  return scope.startsWith('@') ? `${scope}/${name_}` : scope;
}

/** From `node_modules` on, or from our package's folder on, wherever that is. */
function shorten(url) {
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  const modules = path.lastIndexOf('/node_modules/');
  if (modules !== -1) return path.slice(modules + 1);
  return path.startsWith(ROOT) ? path.slice(ROOT.length) : path.replace(/^.*\/dist\//, 'dist/');
}
