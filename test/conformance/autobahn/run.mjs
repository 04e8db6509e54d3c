/** `npm run test:autobahn`: see README.md beside this file. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { buildWhenStale } from '../../bench/lib/build.mjs';
import { KINDS, startEchoServer } from './echo-server.mjs';
import { Unavailable, preparePython } from './python.mjs';

/** More fragments than `ws` takes in one message: it ends the connection with 1008. */
const TOO_MANY_FRAGMENTS = new Set(['9.3.1', '9.3.2', '9.4.1', '9.4.2']);
const GOOD = new Set(['OK', 'INFORMATIONAL']);
const RULES = { cases: ['*'], exclude: ['9.*', '12.*', '13.*'], concurrency: 16 };

/** What is run by default, in less than a minute: every rule, and of the volumes and compressions one of each sort. */
const SHORT = {
  plain: [RULES, { cases: ['9.[12].[1-3]', '9.[34].[3-9]', '9.[56].[3-6]', '9.[78].1', '9.[34].1'], concurrency: 2 }],
  'with ws from the start': [RULES],
  compressed: [{ cases: ['12.*.1', '12.1.11', '13.*.1'], concurrency: 2 }],
};

/** Everything takes about ten minutes, most of it for compression. */
const ALL = {
  plain: [RULES, { cases: ['9.*'], concurrency: 2 }],
  'with ws from the start': [RULES, { cases: ['9.*'], concurrency: 2 }],
  compressed: [{ cases: ['12.*', '13.*'], concurrency: 2 }],
};

const { values } = parseArgs({
  options: { all: { type: 'boolean', default: false }, cases: { type: 'string', multiple: true } },
});

const python = findPython();
buildWhenStale();
let passed = 0;
let failed = 0;
for (const [kind, parts] of Object.entries(chosenParts())) {
  const server = await startEchoServer(kind);
  for (const part of parts) report(kind, await runTwice(server.url, part));
  server.close();
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);

/** The Python that runs the cases. Without one there is nothing to run, which is said and is no failure. */
function findPython() {
  try {
    return preparePython();
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    console.log(`autobahn: left out, since ${error.message}`);
    process.exit(0);
  }
}

function chosenParts() {
  if (values.cases === undefined) return values.all ? ALL : SHORT;
  const part = { cases: values.cases, concurrency: 1 };
  return Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, [part]]));
}

/** The cases wait for parts of a second only: what fails beside others is run once more by itself. */
async function runTwice(url, part) {
  const started = performance.now();
  const results = await runCases(url, part);
  const failures = results.filter((result) => !isGood(result)).map(({ id }) => id);
  const again = failures.length === 0 ? [] : await runCases(url, { cases: failures, concurrency: 1 });
  const latest = new Map([...results, ...again].map((result) => [result.id, result]));
  return { results: [...latest.values()], seconds: (performance.now() - started) / 1000 };
}

async function runCases(url, part) {
  const client = spawn(python, ['fuzzing_client.py', url, JSON.stringify(part)], {
    cwd: import.meta.dirname,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaints = '';
  client.stderr.on('data', (text) => (complaints += text));
  const ended = new Promise((resolve) => client.once('close', resolve));
  const results = [];
  for await (const line of createInterface({ input: client.stdout })) results.push(JSON.parse(line));
  const status = await ended;
  if (status !== 0) throw new Error(`the fuzzing client ended with ${status}:\n${complaints}`);
  return results;
}

function report(kind, { results, seconds }) {
  const bad = results.filter((result) => !isGood(result));
  passed += results.length - bad.length;
  failed += bad.length;
  const bounded = results.filter(({ id, code }) => TOO_MANY_FRAGMENTS.has(id) && code === 1008).length;
  const note = bounded > 0 ? `, ${bounded} of them refused for their number of fragments` : '';
  console.log(`${kind}: ${results.length} cases in ${seconds.toFixed(1)} s, ${bad.length} failed${note}`);
  for (const { id, behavior, behaviorClose, code, result, resultClose, description } of bad) {
    console.log(
      `  ${id}: ${behavior}, closing ${behaviorClose} (${code}). ${result} ${resultClose}\n    ${description}`,
    );
  }
}

/** A message that is refused late, NON-STRICT in Autobahn's words, is not good enough. */
function isGood({ id, behavior, behaviorClose, code }) {
  if (TOO_MANY_FRAGMENTS.has(id) && code === 1008) return true;
  return GOOD.has(behavior) && GOOD.has(behaviorClose);
}
