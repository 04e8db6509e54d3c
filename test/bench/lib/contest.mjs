import { fileURLToPath } from 'node:url';
import { pinTo } from './environment.mjs';
import { Child } from './rpc.mjs';
import { sampling } from './sampling.mjs';

const SERVER_CORE = 0;
const GENERATOR_CORE = 1;
/** A ping interval that no sample lasts. */
const NEVER = 3_600_000;
/** The share of a core that others may take before a sample is taken again. */
const DISTURBANCE = 0.15;

const fileOf = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));

/**
 * One variant of one scenario, played by all servers in turn: in each round each server is measured once, and each round
 * begins with another server. Each sample is taken from a new process, since what V8 makes of the same code differs from
 * process to process by more than the samples of one.
 */
export class Contest {
  #scenario;
  #variant;
  #options;
  #generator = null;
  /** Limited, so that a machine which is never quiet does not double the run. */
  #retakes;

  /**
   * @param {import('../scenarios/index.mjs').Scenario} scenario
   * @param {number} variant its index
   * @param {import('./options.mjs').Options} options
   */
  constructor(scenario, variant, options) {
    this.#scenario = scenario;
    this.#variant = variant;
    this.#options = options;
    this.#retakes = options.quick ? 0 : options.servers.length / 2;
  }

  /**
   * @param {(text: string) => void} progress
   * @returns {Promise<{ server: string, samples: import('./sampling.mjs').Sample[], failure: string | null }[]>}
   */
  async play(progress) {
    const rounds = Math.ceil(this.#options.rounds * sampling[this.#scenario.measures].shareOfRounds);
    const results = this.#options.servers.map(({ name }) => ({ server: name, samples: [], failure: null }));
    this.#generator = new Child(fileOf('generator.mjs'), [], pinTo(GENERATOR_CORE));
    try {
      for (let round = 0; round < rounds; round++) {
        for (const result of rotate(results, round)) {
          progress(`round ${round + 1} of ${rounds}, ${result.server}`);
          if (result.failure === null) await this.#measure(result);
        }
      }
    } finally {
      await this.#generator.stop();
    }
    return results;
  }

  async #measure(result) {
    try {
      result.samples.push(await this.#quietSample(result.server));
    } catch (error) {
      result.failure = error.message;
    }
  }

  /** Of a disturbed sample and another one, the less disturbed. */
  async #quietSample(name) {
    const sample = await this.#sample(name);
    if (!(sample.othersBusy > DISTURBANCE) || this.#retakes <= 0) return sample;
    this.#retakes--;
    const second = await this.#sample(name);
    return second.othersBusy < sample.othersBusy ? second : sample;
  }

  async #sample(name) {
    const { pingInterval = NEVER, measures, warmupFactor = 1 } = this.#scenario;
    const { seconds, warmup } = this.#options;
    const server = new Child(fileOf('server.mjs'), [name], pinTo(SERVER_CORE));
    try {
      const port = await server.call('start', { pingInterval });
      return await sampling[measures].take({
        server,
        generator: this.#generator,
        load: { scenario: this.#scenario.name, variant: this.#variant, port },
        seconds,
        warmup: warmup * warmupFactor,
      });
    } finally {
      await server.stop();
    }
  }
}

function rotate(list, by) {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
