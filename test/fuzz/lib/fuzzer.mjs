import { readCorpus } from './corpus.mjs';
import { heldBytes } from './heap.mjs';
import { minimize } from './minimize.mjs';
import { Mutator } from './mutator.mjs';
import { Random } from './random.mjs';

/** No input may take longer. */
const SLOW_MS = 50;
/** A machine with other work makes anything slow once; an input is slow where it is so each time. */
const SLOW_TRIES = 6;
/** Inputs after which everything that is made once has been made. */
const WARM_UP = 3_000;
/** What a run may hold more at its end than after the warm-up: noise, since a leak of 8 bytes per input shows at a million. */
const GROWTH_BYTES = 8 * 1024 * 1024;
const MOST_OUTCOMES = 4_000;
const INPUTS_PER_TURN = 64;

/**
 * One target: what it reads, and what must hold whatever it reads.
 *
 * @typedef {object} Target
 * @property {readonly (string | Buffer)[]} seeds valid inputs, which the others are made of
 * @property {readonly (string | Buffer)[]} dictionary words of the format
 * @property {(input: Buffer) => string | Promise<string>} run throws where a property does not hold; else says in a few
 *   words how it ended. An input that ends in a new way is mutated further.
 * @property {() => Record<string, number>} [counts] what else is worth reporting
 */

/** An input upon which a property does not hold. */
export class Failure extends Error {
  constructor(input, cause) {
    super(cause.message, { cause });
    this.input = input;
  }
}

export class Fuzzer {
  #name;
  #target;
  #current;
  #random;
  #mutator;
  #pool;
  #verdicts = new Map();
  #slowest = 0;
  #inputs = 0;

  /**
   * @param {string} name
   * @param {Target} target
   * @param {number} seed
   * @param {import('./current-input.mjs').CurrentInput} current
   */
  constructor(name, target, seed, current) {
    this.#name = name;
    this.#target = target;
    this.#current = current;
    this.#random = new Random(seed);
    this.#mutator = new Mutator(this.#random, target.dictionary);
    this.#pool = target.seeds.map((each) => Buffer.from(each));
  }

  /**
   * Replays the corpus, then mutates until the time is over or the inputs are spent.
   *
   * @param {{ milliseconds: number; inputs: number }} budget
   * @throws {Failure}
   */
  async run({ milliseconds, inputs }) {
    const started = performance.now();
    for (const { input } of readCorpus(this.#name)) await this.#try(input);
    const corpus = this.#inputs;
    for (const input of this.#pool.slice()) await this.#try(input);
    let held = null;
    while (this.#inputs < inputs && performance.now() - started < milliseconds) {
      await this.#try(this.#mutator.mutate(this.#random.pick(this.#pool), this.#random.pick(this.#pool)));
      if (this.#inputs === WARM_UP) held = await heldBytes();
      // What a target leaves to a later turn of the loop must get one.
      if (this.#inputs % INPUTS_PER_TURN === 0) await new Promise(setImmediate);
    }
    return {
      inputs: this.#inputs,
      corpus,
      seconds: (performance.now() - started) / 1000,
      slowest: this.#slowest,
      growth: held === null ? null : await this.#growth(held),
      verdicts: [...this.#verdicts].sort((a, b) => b[1] - a[1]),
      counts: this.#target.counts?.() ?? {},
    };
  }

  async #try(input) {
    this.#current.set(input);
    this.#inputs++;
    const started = performance.now();
    let verdict;
    try {
      verdict = this.#target.run(Buffer.from(input));
      // Only targets that need turns of the loop pay for them.
      if (typeof verdict !== 'string') verdict = await verdict;
    } catch (error) {
      throw new Failure(await this.#minimized(input, error), error);
    }
    const took = performance.now() - started;
    if (took > this.#slowest) await this.#checkSlow(input, took);
    this.#remember(verdict, input);
  }

  /** The time of an input is the shortest of several, and no longer than the processor worked: the machine has other work. */
  async #checkSlow(input, first) {
    let shortest = first;
    for (let i = 1; i < SLOW_TRIES && shortest > this.#slowest; i++) {
      const [started, before] = [performance.now(), process.cpuUsage()];
      await this.#target.run(Buffer.from(input));
      const { user, system } = process.cpuUsage(before);
      shortest = Math.min(shortest, performance.now() - started, (user + system) / 1_000);
    }
    if (shortest > SLOW_MS) throw new Failure(input, new Error(`took ${shortest.toFixed(0)} ms`));
    this.#slowest = Math.max(this.#slowest, shortest);
  }

  #remember(verdict, input) {
    const count = this.#verdicts.get(verdict) ?? 0;
    this.#verdicts.set(verdict, count + 1);
    if (count > 0) return;
    if (this.#verdicts.size > MOST_OUTCOMES)
      throw new Error(`outcomes must be few, not such as ${verdict.slice(0, 200)}`);
    // A copy of its own: a short Buffer lies in a block of 8 KB with others, and keeps it.
    this.#pool.push(Buffer.from(Uint8Array.from(input).buffer));
  }

  async #growth(before) {
    const growth = (await heldBytes()) - before;
    if (growth > GROWTH_BYTES) throw new Failure(this.#current.get(), new Error(`holds ${growth} bytes more`));
    return growth;
  }

  #minimized(input, error) {
    return minimize(input, async (shorter) => {
      try {
        await this.#target.run(Buffer.from(shorter));
        return false;
      } catch (other) {
        return other.message === error.message;
      }
    });
  }
}
