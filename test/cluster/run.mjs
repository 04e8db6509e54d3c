/** `npm run chaos`: see README.md beside this file. */
import { parseArgs } from 'node:util';
import { buildWhenStale } from '../bench/lib/build.mjs';
import { runChaos } from './lib/chaos.mjs';

const { values } = parseArgs({
  options: {
    contestants: { type: 'string', default: 'ledger-ioredis' },
    minutes: { type: 'string' },
    seconds: { type: 'string' },
    clients: { type: 'string', default: '24' },
    rate: { type: 'string', default: '200' },
    disturbances: { type: 'string', default: 'cuts,kills,freezes' },
    'cut-every': { type: 'string', default: '100' },
    'kill-every': { type: 'string', default: '5000' },
    details: { type: 'boolean', default: false },
  },
});

buildWhenStale();
let isClean = true;
for (const contestant of values.contestants.split(',')) {
  const { nodes, gaps, errors, ...row } = await runChaos({
    contestant,
    seconds: Number(values.seconds ?? Number(values.minutes ?? 1) * 60),
    clients: Number(values.clients),
    rate: Number(values.rate),
    disturbances: values.disturbances.split(','),
    cutEvery: Number(values['cut-every']),
    killEvery: Number(values['kill-every']),
  });
  console.log(JSON.stringify(values.details ? { ...row, errors, gaps, nodes } : row));
  // Others are there to be compared with.
  if (contestant.startsWith('ledger') && row.lost + row.doubled + row.late + row.disordered > 0) isClean = false;
}
process.exit(isClean ? 0 : 1);
