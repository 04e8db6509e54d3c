import { Contestant } from './contestant.mjs';
import { median } from './statistics.mjs';

/** Fewer where a turn leaves much to clear away, or lasts long. */
const TURNS = { cpu: 5, connect: 3, heartbeat: 3 };
const WARMUP = 0.35;
/**
 * Seconds of load before a turn: after a pause TCP acknowledges the first 16 segments of each connection one by one,
 * which makes a broadcast a third dearer.
 */
const LEAD_IN = { cpu: 0.08, broadcast: 0.25 };
/** Seconds of one turn: so short that the machine is the same for both. */
const TURN = { cpu: 0.2, connect: 0.25, heartbeat: 0.5 };

/**
 * Two servers that take turns under the same load, each in a process of its own on the same core. What slows the
 * machine for a while slows both.
 */
export class Duel {
  #scenario;
  #variant;
  #servers;
  #generator;

  /**
   * @param {import('../scenarios/index.mjs').Scenario} scenario
   * @param {import('../servers/index.mjs').Server} first
   * @param {import('../servers/index.mjs').Server} second
   * @param {import('./rpc.mjs').Child} generator
   */
  constructor(scenario, first, second, generator) {
    this.#scenario = scenario;
    this.#variant = scenario.variants.find(({ checked, quick }) => checked ?? quick);
    this.#servers = [first, second];
    this.#generator = generator;
  }

  /**
   * @param {number} pairs of processes
   * @returns {Promise<Look[]>}
   *
   * @typedef {object} Look at one pair
   * @property {number} ratio what the first costs, in costs of the second
   * @property {number} othersBusy share of a core that something else used meanwhile; NaN where that cannot be known
   */
  async fight(pairs) {
    const looks = [];
    for (let pair = 0; pair < pairs; pair++) looks.push(await this.#pair());
    return looks;
  }

  async #pair() {
    if (this.#scenario.measures === 'memory') return this.#compareMemory();
    const contestants = [];
    try {
      for (const server of this.#servers) contestants.push(await this.#enter(server));
      return await this.#takeTurns(contestants);
    } finally {
      for (const contestant of contestants) await contestant.leave();
    }
  }

  #enter(server) {
    return Contestant.enter(server, this.#generator, this.#scenario, this.#variant);
  }

  async #takeTurns(contestants) {
    const { name, warmupFactor = 1 } = this.#scenario;
    for (const contestant of contestants) await contestant.warmUp(WARMUP * warmupFactor);
    const turns = TURNS[name] ?? TURNS.cpu;
    const ratios = [];
    const othersBusy = [];
    for (let turn = 0; turn < turns; turn++) {
      // Who begins alternates.
      const order = turn % 2 === 0 ? [0, 1] : [1, 0];
      const costs = [];
      for (const index of order) {
        await contestants[index].leadIn(LEAD_IN[name] ?? LEAD_IN.cpu);
        const sample = await contestants[index].measure(TURN[name] ?? TURN.cpu);
        costs[index] = sample.cost;
        othersBusy.push(sample.othersBusy);
        await contestants[index].settle();
      }
      ratios.push(costs[0] / costs[1]);
    }
    return { ratio: median(ratios), othersBusy: median(othersBusy) };
  }

  /** Of what is alive: it is exact, whatever else runs, where the resident set is rounded up. No turns are needed. */
  async #compareMemory() {
    const live = [];
    for (const server of this.#servers) {
      const contestant = await this.#enter(server);
      try {
        const before = await contestant.server.call('memory');
        const { count } = await contestant.fill();
        const after = await contestant.server.call('memory');
        live.push((after.live - before.live) / count);
      } finally {
        await contestant.leave();
      }
    }
    return { ratio: live[0] / live[1], othersBusy: 0 };
  }
}
