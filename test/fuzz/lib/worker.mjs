/** Runs one target in a thread of its own, which can be stopped where an input never ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { addToCorpus } from './corpus.mjs';
import { CurrentInput } from './current-input.mjs';
import { Failure, Fuzzer } from './fuzzer.mjs';

const { name, file, seed, budget, memory } = workerData;
const target = await import(file);
const fuzzer = new Fuzzer(name, target, seed, new CurrentInput(memory));

try {
  parentPort.postMessage({ report: await fuzzer.run(budget) });
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  parentPort.postMessage({ failure: error.cause.stack, file: addToCorpus(name, error.input) });
}
