/** `npm run fuzz`: see README.md beside this file. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { buildWhenStale } from '../bench/lib/build.mjs';
import { addToCorpus } from './lib/corpus.mjs';
import { CurrentInput } from './lib/current-input.mjs';

const TARGETS = new URL('./targets/', import.meta.url);
const WORKER = new URL('./lib/worker.mjs', import.meta.url);
/** An input that keeps its thread busy for so long never ends. */
const HANG_MS = 20_000;
const LOOK_MS = 500;

const options = readOptions();
buildWhenStale();
console.log(`fuzz: seed ${options.seed}; another run with --seed ${options.seed} makes the same inputs`);
let failed = false;
for (const name of options.targets) {
  const outcome = await runTarget(name);
  failed ||= 'failure' in outcome;
  print(name, outcome);
}
process.exit(failed ? 1 : 0);

/** One thread per target, watched from here. */
function runTarget(name) {
  const current = new CurrentInput();
  const { seed, budget } = options;
  const file = new URL(`${name}.mjs`, TARGETS).href;
  const worker = new Worker(WORKER, { workerData: { name, file, seed, budget, memory: current.memory } });
  return new Promise((resolve) => {
    let seen = -1;
    let since = performance.now();
    const watch = setInterval(() => {
      if (current.count !== seen) {
        seen = current.count;
        since = performance.now();
      } else if (seen > 0 && performance.now() - since > HANG_MS) {
        finish({ failure: `no end after ${HANG_MS} ms`, file: addToCorpus(name, current.get()) });
      }
    }, LOOK_MS);
    function finish(outcome) {
      clearInterval(watch);
      void worker.terminate();
      resolve(outcome);
    }
    worker.once('message', finish);
    // What nobody caught, rejections included.
    worker.once('error', (error) => finish({ failure: error.stack, file: addToCorpus(name, current.get()) }));
  });
}

function print(name, { report, failure, file }) {
  if (failure !== undefined) {
    console.log(`\n${name}: FAILED, seed ${options.seed}; the input is in ${file}, and the next run begins with it`);
    console.log(failure);
    return;
  }
  const { inputs, corpus, seconds, slowest, growth, verdicts, counts } = report;
  const extra = Object.entries(counts).map(([what, count]) => `, ${count.toLocaleString('en')} ${what}`);
  console.log(
    `\n${name}: ${inputs.toLocaleString('en')} inputs${extra.join('')} in ${seconds.toFixed(1)} s` +
      ` (${Math.round(inputs / seconds).toLocaleString('en')}/s), slowest ${slowest.toFixed(1)} ms` +
      `, ${growth === null ? 'growth not measured' : `growth ${(growth / 1024).toFixed(0)} KiB`}` +
      `, ${corpus} from the corpus`,
  );
  const shown = options.verbose ? verdicts : verdicts.slice(0, 6);
  for (const [verdict, count] of shown) console.log(`  ${String(count).padStart(10)}  ${verdict}`);
  if (verdicts.length > shown.length) console.log(`  ${verdicts.length - shown.length} more outcomes, see --verbose`);
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      target: { type: 'string', multiple: true },
      seed: { type: 'string' },
      minutes: { type: 'string' },
      seconds: { type: 'string' },
      inputs: { type: 'string' },
      verbose: { type: 'boolean', default: false },
    },
  });
  const known = readdirSync(fileURLToPath(TARGETS)).map((file) => file.replace(/\.mjs$/, ''));
  const targets = values.target ?? known;
  for (const name of targets) if (!known.includes(name)) throw new Error(`no target "${name}": ${known.join(', ')}`);
  const seconds = Number(
    values.seconds ?? Number(values.minutes ?? (values.inputs === undefined ? 0.5 : Infinity)) * 60,
  );
  return {
    targets,
    seed: Number(values.seed ?? Math.floor(Math.random() * 2 ** 32)),
    // Together the targets take the time that was asked for.
    budget: { milliseconds: (seconds * 1000) / targets.length, inputs: Number(values.inputs ?? Infinity) },
    verbose: values.verbose,
  };
}
