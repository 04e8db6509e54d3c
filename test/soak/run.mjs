/** `npm run soak`: see README.md beside this file. */
import { parseArgs } from 'node:util';
import { buildWhenStale } from '../bench/lib/build.mjs';
import { runBadClients, runIdle, runWaves } from './scenarios/index.mjs';

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'waves' },
    minutes: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    sessions: { type: 'string', default: '10000' },
    clients: { type: 'string', default: '1000' },
  },
});

buildWhenStale();
const { Server } = await import('../../dist/esm/server.js');
const seconds = Number(values.seconds ?? Number(values.minutes ?? 1) * 60);
const scenarios = {
  waves: () => runWaves({ Server, seconds, seed: Number(values.seed) }),
  idle: () => runIdle({ Server, seconds, sessions: Number(values.sessions) }),
  'bad-clients': () => runBadClients({ Server, clients: Number(values.clients) }),
};
const run = scenarios[values.scenario];
if (run === undefined) throw new Error(`no scenario "${values.scenario}": ${Object.keys(scenarios).join(', ')}`);

const { failures } = await run();
for (const failure of failures) console.log(`FAILED: ${failure}`);
process.exit(failures.length === 0 ? 0 : 1);
