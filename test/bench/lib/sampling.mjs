import { machineTime } from './machine-time.mjs';

/**
 * @typedef {object} Setting
 * @property {import('./rpc.mjs').Child} server
 * @property {import('./rpc.mjs').Child} generator
 * @property {{ scenario: string, variant: number, port: number }} load
 * @property {number} seconds
 * @property {number} warmup
 *
 * @typedef {object} Sample
 * @property {number} cost microseconds of server CPU per counted thing, or bytes per connection
 * @property {number} rss of the server at the end, in bytes
 * @property {number} [rate] counted things per second
 * @property {number} [p50] milliseconds
 * @property {number} [p99]
 * @property {number} [serverBusy] share of a core
 * @property {number} [generatorBusy]
 * @property {number} [othersBusy] share of a core that went to neither: the noise of the machine, where it can be known
 * @property {number} [live] bytes of heap and buffers per connection
 */

/**
 * What the server spends between two moments at which nothing is under way.
 *
 * @param {Setting} setting
 * @returns {Promise<Sample>}
 */
async function sampleCpu({ server, generator, load, seconds, warmup }) {
  await generator.call('open', load);
  await generator.call('drive', { seconds: warmup });
  await generator.call('reset');
  await server.call('settle');
  const machineBefore = machineTime();
  const before = await server.call('usage');
  const driven = await generator.call('drive', { seconds });
  const after = await server.call('usage');
  const machine = machineTime() - machineBefore;
  await generator.call('close');
  const cpu = after.cpu - before.cpu;
  return {
    cost: cpu / driven.count,
    rate: driven.count / driven.elapsed,
    p50: driven.p50,
    p99: driven.p99,
    serverBusy: cpu / 1e6 / driven.elapsed,
    generatorBusy: driven.cpu / 1e6 / driven.elapsed,
    othersBusy: (machine - cpu - driven.cpu) / 1e6 / driven.elapsed,
    rss: after.rss,
  };
}

/**
 * What more connections add to a server that has some.
 *
 * @param {Setting} setting
 * @returns {Promise<Sample>}
 */
async function sampleMemory({ server, generator, load }) {
  await generator.call('open', load);
  const before = await server.call('memory');
  const { count } = await generator.call('drive', { seconds: 0 });
  const after = await server.call('memory');
  await generator.call('close');
  return { cost: (after.rss - before.rss) / count, live: (after.live - before.live) / count, rss: after.rss };
}

/** By what a scenario `measures`. Memory varies so little that fewer rounds do. */
export const sampling = {
  cpu: { take: sampleCpu, shareOfRounds: 1 },
  memory: { take: sampleMemory, shareOfRounds: 0.5 },
};
