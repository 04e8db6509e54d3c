import { machineTime } from './machine-time.mjs';
import { startServer } from './processes.mjs';

const WARMUP_DRIVES = 4;

/** Tells the loads of one generator apart. */
let keys = 0;

/**
 * A server in a process of its own, with the load of a scenario connected to it.
 */
export class Contestant {
  #server;
  #generator;
  #key;

  /**
   * Starts the server and connects.
   *
   * @param {import('../servers/index.mjs').Server} server
   * @param {import('./rpc.mjs').Child} generator
   * @param {import('../scenarios/index.mjs').Scenario} scenario
   * @param {import('../scenarios/index.mjs').Variant} variant
   * @returns {Promise<Contestant>}
   */
  static async enter(server, generator, scenario, variant) {
    const { process, port } = await startServer(server, variant);
    const contestant = new Contestant(process, generator);
    try {
      const load = {
        scenario: scenario.name,
        variant: scenario.variants.indexOf(variant),
        port,
        deflates: server.setting?.deflates,
      };
      await contestant.#call('open', load);
      return contestant;
    } catch (error) {
      await process.stop();
      throw error;
    }
  }

  constructor(server, generator) {
    this.#server = server;
    this.#generator = generator;
    this.#key = keys++;
  }

  /** The process of the server. */
  get server() {
    return this.#server;
  }

  /**
   * Load that is not measured, until the server has been busy for so long: on a machine that others use, or with a load
   * that leaves it idle, that takes longer. What the load leaves behind is cleared away.
   */
  async warmUp(seconds) {
    const { cpu } = await this.#server.call('usage');
    for (let drive = 0, busy = 0; drive < WARMUP_DRIVES && busy < seconds * 1e6; drive++) {
      await this.#call('drive', { seconds });
      // One process cannot have the connections of all these drives open.
      await this.#call('reset');
      busy = (await this.#server.call('usage')).cpu - cpu;
    }
    await this.#server.call('settle');
  }

  /** A moment of load that is not measured. */
  async leadIn(seconds) {
    await this.#call('drive', { seconds });
  }

  /** Between one measurement and the next: what the last one left behind is cleared away. */
  async settle() {
    if (await this.#call('reset')) await this.#server.call('settle');
  }

  /** More connections, for a scenario that measures memory. */
  async fill() {
    return this.#call('drive', { seconds: 0 });
  }

  /** Without connections, for a scenario that measures how they go. */
  async empty() {
    await this.#call('reset');
    await this.#server.call('settle');
  }

  /**
   * What the server spends between two moments at which nothing is under way.
   *
   * @param {number} seconds
   * @returns {Promise<import('./sampling.mjs').Sample>}
   */
  async measure(seconds) {
    const machineBefore = machineTime();
    const before = await this.#server.call('usage');
    const driven = await this.#call('drive', { seconds });
    const after = await this.#server.call('usage');
    const machine = machineTime() - machineBefore;
    const cpu = after.cpu - before.cpu;
    return {
      cost: cpu / driven.count,
      count: driven.count,
      rate: driven.count / driven.elapsed,
      p50: driven.p50,
      p99: driven.p99,
      bytes: driven.bytes === undefined ? undefined : driven.bytes / driven.count,
      serverBusy: cpu / 1e6 / driven.elapsed,
      generatorBusy: driven.cpu / 1e6 / driven.elapsed,
      othersBusy: (machine - cpu - driven.cpu) / 1e6 / driven.elapsed,
      rss: after.rss,
    };
  }

  async leave() {
    try {
      await this.#call('close');
    } finally {
      await this.#server.stop();
    }
  }

  #call(method, params) {
    return this.#generator.call(method, { ...params, key: this.#key });
  }
}
