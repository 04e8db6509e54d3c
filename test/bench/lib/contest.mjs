import { startGenerator } from './processes.mjs';
import { sampling } from './sampling.mjs';

/** The share of a core that others may take before a sample is not trusted. */
export const DISTURBANCE = 0.15;

/**
 * One variant of one scenario, played by all servers in turn: in each round each server is measured once, and each round
 * begins with another server. Each sample is taken from a new process, since what V8 makes of the same code differs from
 * process to process by more than the samples of one.
 */
export class Contest {
  #scenario;
  #variant;
  #servers;
  #options;
  #generator = null;
  /** Limited, so that a machine which is never quiet does not double the run. */
  #retakes;

  /**
   * @param {import('../scenarios/index.mjs').Scenario} scenario
   * @param {import('../scenarios/index.mjs').Variant} variant
   * @param {import('../servers/index.mjs').Server[]} servers
   * @param {import('./options.mjs').Options} options
   */
  constructor(scenario, variant, servers, options) {
    this.#scenario = scenario;
    this.#variant = variant;
    this.#servers = servers;
    this.#options = options;
    this.#retakes = options.quick ? 0 : servers.length / 2;
  }

  /**
   * @param {(text: string) => void} progress
   * @returns {Promise<{ server: string, player?: string, setting?: string, samples: import('./sampling.mjs').Sample[],
   *   failure: string | null }[]>}
   */
  async play(progress) {
    const rounds = Math.ceil(this.#options.runs * sampling[this.#scenario.measures].shareOfRuns);
    const results = this.#servers.map((server) => ({ server, samples: [], failure: null }));
    this.#generator = startGenerator();
    try {
      for (let round = 0; round < rounds; round++) {
        for (const result of rotate(results, round)) {
          progress(`round ${round + 1} of ${rounds}, ${result.server.name}`);
          if (result.failure === null) await this.#measure(result);
        }
      }
    } finally {
      await this.#generator.stop();
    }
    return results.map(({ server: { name, player, setting }, ...result }) => ({
      server: name,
      player,
      setting: setting?.label,
      ...result,
    }));
  }

  async #measure(result) {
    try {
      result.samples.push(await this.#quietSample(result.server));
    } catch (error) {
      result.failure = error.message;
    }
  }

  /** Of a disturbed sample and another one, the less disturbed. */
  async #quietSample(server) {
    const sample = await this.#sample(server);
    if (!(sample.othersBusy > DISTURBANCE) || this.#retakes <= 0) return sample;
    this.#retakes--;
    const second = await this.#sample(server);
    return second.othersBusy < sample.othersBusy ? second : sample;
  }

  #sample(server) {
    const { seconds, warmup } = this.#options;
    return sampling[this.#scenario.measures].take({
      server,
      generator: this.#generator,
      scenario: this.#scenario,
      variant: this.#variant,
      seconds,
      warmup,
    });
  }
}

function rotate(list, by) {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
