import { parseArgs } from 'node:util';

const DEFAULTS = { rounds: 3, seconds: 0.7, warmup: 0.5 };
const QUICK = { rounds: 1, seconds: 0.4, warmup: 0.4 };

const USAGE = `npm run bench -- [options]

  --scenario a,b   only these scenarios
  --server a,b     only these servers
  --rounds n       measurements per server (${DEFAULTS.rounds})
  --seconds n      length of each (${DEFAULTS.seconds})
  --quick          a look: one round of ${QUICK.seconds} s, the main variant of each scenario
  --list           names of scenarios and servers`;

/**
 * @typedef {object} Options
 * @property {import('../scenarios/index.mjs').Scenario[]} scenarios
 * @property {{ name: string, needs: string }[]} servers
 * @property {number} rounds
 * @property {number} seconds
 * @property {number} warmup seconds of load before each measurement
 * @property {boolean} quick
 *
 * @returns {Options | null} null when the user asked for help and got it
 */
export function readOptions(args, scenarios, servers) {
  const { values } = parseArgs({
    args,
    options: {
      scenario: { type: 'string' },
      server: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return print(USAGE);
  if (values.list) return print(`scenarios: ${names(scenarios)}\nservers: ${names(servers)}`);
  const defaults = values.quick ? QUICK : DEFAULTS;
  return {
    ...defaults,
    scenarios: pick('scenario', values.scenario, scenarios),
    servers: pick('server', values.server, servers),
    rounds: Math.ceil(positive('rounds', values.rounds ?? defaults.rounds)),
    seconds: positive('seconds', values.seconds ?? defaults.seconds),
    quick: values.quick,
  };
}

function pick(flag, wanted, all) {
  if (wanted === undefined) return all;
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
