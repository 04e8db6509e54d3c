import { parseArgs } from 'node:util';
import { listServers } from '../servers/index.mjs';

const TOLERANCE = 1.25;
const DEFAULTS = { runs: 3, seconds: 0.7, warmup: 0.5 };
const QUICK = { runs: 1, seconds: 0.4, warmup: 0.4 };

/** How many servers a mode plays with, where it was not told which. */
const SERVERS = { compare: Infinity, check: Infinity, profile: 1, flat: 1 };

const USAGE = `npm run bench -- [options]

  what is run
  (nothing)         all scenarios, all servers, side by side
  --growth          what a message costs where there are more connections, rooms, handlers
  --scale           what many idle connections cost, for each server as many as may be open here
  --settings        what options of ours cost and save: compression, flush
  --check           fails where a scenario became dearer than baseline.json says, or than with --before;
                    with --save, writes that file
  --tolerance n     by what factor a check lets it become dearer (${TOLERANCE})
  --profile         where ours spends its time in each scenario
  --flat minutes    full load for so long; fails where memory grows

  of which
  --only a,b        only these scenarios
  --server a,b      only these servers; a check chooses them itself
  --before folder   lets our package as it is there, built, compete as well

  how
  --runs n          measurements per server (${DEFAULTS.runs})
  --seconds n       length of each (${DEFAULTS.seconds})
  --quick           a look: one run of ${QUICK.seconds} s, the main variant of each scenario
  --write           puts the summary into README.md
  --list            names of scenarios and servers`;

/**
 * @typedef {object} Options
 * @property {'compare' | 'check' | 'profile' | 'flat'} mode
 * @property {import('../scenarios/index.mjs').Scenario[]} scenarios
 * @property {import('../servers/index.mjs').Server[]} servers
 * @property {number} runs
 * @property {number} seconds
 * @property {number} warmup seconds of load before each measurement
 * @property {number} minutes of flat load
 * @property {boolean} quick
 * @property {boolean} write
 * @property {boolean} save
 * @property {number} tolerance factor by which a check lets a scenario become dearer
 * @property {boolean} comparesBefore whether our package as it was before competes
 *
 * @param {string[]} args
 * @param {import('../scenarios/index.mjs').Scenario[]} scenarios
 * @returns {Options | null} null when the user asked for help and got it
 */
export function readOptions(args, scenarios) {
  const { values } = parseArgs({
    args,
    options: {
      growth: { type: 'boolean', default: false },
      scale: { type: 'boolean', default: false },
      settings: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
      tolerance: { type: 'string' },
      profile: { type: 'boolean', default: false },
      flat: { type: 'string' },
      only: { type: 'string' },
      server: { type: 'string' },
      before: { type: 'string' },
      runs: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const servers = listServers(values.before ?? null);
  if (values.help) return print(USAGE);
  if (values.list) return print(`scenarios: ${names(scenarios)}\nservers: ${names(servers)}`);
  const defaults = values.quick ? QUICK : DEFAULTS;
  const mode = modeOf(values);
  const played = scenarios.filter(({ playedBy }) => playedBy === selectorOf(values, mode));
  return {
    ...defaults,
    mode,
    scenarios: values.only === undefined ? played : pick('only', values.only, scenarios),
    // The first is ours, which the modes that look at one server look at.
    servers:
      values.server === undefined || mode === 'check'
        ? servers.slice(0, SERVERS[mode])
        : pick('server', values.server, servers),
    runs: Math.ceil(positive('runs', values.runs ?? defaults.runs)),
    seconds: positive('seconds', values.seconds ?? defaults.seconds),
    minutes: positive('flat', values.flat ?? 10),
    quick: values.quick,
    write: values.write,
    save: values.save,
    tolerance: positive('tolerance', values.tolerance ?? TOLERANCE),
    comparesBefore: values.before !== undefined,
  };
}

function modeOf({ check, profile, flat }) {
  if (check) return 'check';
  if (profile) return 'profile';
  return flat === undefined ? 'compare' : 'flat';
}

/** The option that the scenarios want that are played. */
function selectorOf({ growth, scale, settings }, mode) {
  if (mode === 'flat') return 'flat';
  if (scale) return 'scale';
  if (growth) return 'growth';
  return settings ? 'settings' : undefined;
}

function pick(flag, wanted, all) {
  return wanted.split(',').map((name) => {
    const found = all.find((one) => one.name === name);
    if (found === undefined) throw new Error(`--${flag} ${name}: expected some of ${names(all)}`);
    return found;
  });
}

function positive(flag, text) {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${flag} ${text}: expected a number above 0`);
  return value;
}

function names(all) {
  return all.map(({ name }) => name).join(', ');
}

function print(text) {
  console.log(text);
  return null;
}
