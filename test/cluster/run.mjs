/** `npm run chaos`: see README.md beside this file. */
import { parseArgs } from 'node:util';
import { buildWhenStale } from '../bench/lib/build.mjs';
import { runChaos } from './lib/chaos.mjs';
import { measureComeback, measureCost } from './lib/figures.mjs';
import { runPresenceChaos } from './lib/presence-chaos.mjs';

const { values } = parseArgs({
  options: {
    subject: { type: 'string', default: 'events' },
    contestants: { type: 'string', default: 'ledger-ioredis' },
    minutes: { type: 'string' },
    seconds: { type: 'string' },
    clients: { type: 'string', default: '24' },
    users: { type: 'string', default: '200' },
    rate: { type: 'string', default: '200' },
    disturbances: { type: 'string', default: 'cuts,kills,freezes' },
    'cut-every': { type: 'string', default: '100' },
    'kill-every': { type: 'string', default: '5000' },
    details: { type: 'boolean', default: false },
  },
});

buildWhenStale();
let isClean = true;
const seconds = Number(values.seconds ?? Number(values.minutes ?? 1) * 60);
for (const contestant of values.contestants.split(',')) {
  if (values.subject === 'cost' || values.subject === 'comeback') {
    const measure = values.subject === 'cost' ? measureCost : measureComeback;
    const row = await measure({ contestant, seconds, clients: Number(values.clients), rate: Number(values.rate) });
    console.log(JSON.stringify(row));
    if (row.lost + row.doubled > 0) isClean = false;
    continue;
  }
  if (values.subject === 'presence') {
    const { errors, details, ...row } = await runPresenceChaos({ contestant, seconds, users: Number(values.users) });
    console.log(JSON.stringify(values.details ? { ...row, errors, details } : row));
    if (row.wrong + row.doubledOffline + row.doubledOnline + row.early + row.missing > 0) isClean = false;
    continue;
  }
  const { nodes, gaps, incidents, errors, ...row } = await runChaos({
    contestant,
    seconds,
    clients: Number(values.clients),
    rate: Number(values.rate),
    disturbances: values.disturbances.split(','),
    cutEvery: Number(values['cut-every']),
    killEvery: Number(values['kill-every']),
  });
  console.log(JSON.stringify(values.details ? { ...row, errors, gaps, incidents, nodes } : row));
  // Others are there to be compared with.
  if (contestant.startsWith('ledger') && row.lost + row.doubled + row.late + row.disordered > 0) isClean = false;
}
process.exit(isClean ? 0 : 1);
