import { Contestant } from './contestant.mjs';
import { startServer } from './processes.mjs';

/**
 * @typedef {object} Setting
 * @property {import('../servers/index.mjs').Server} server
 * @property {import('./rpc.mjs').Child} generator
 * @property {import('../scenarios/index.mjs').Scenario} scenario
 * @property {import('../scenarios/index.mjs').Variant} variant
 * @property {number} seconds
 * @property {number} warmup
 *
 * @typedef {object} Sample
 * @property {number} cost microseconds of server CPU per counted thing or start, or bytes per connection
 * @property {number} rss of the server at the end, in bytes
 * @property {number} [count] counted things
 * @property {number} [rate] of them per second
 * @property {number} [p50] milliseconds
 * @property {number} [p99]
 * @property {number} [bytes] on the wire per counted thing, of what the server sends; at scale, of memory per connection
 * @property {number} [serverBusy] share of a core
 * @property {number} [generatorBusy]
 * @property {number} [othersBusy] share of a core that went to neither: the noise of the machine, where it can be known
 * @property {number} [live] bytes of heap and buffers per connection
 * @property {number} [elapsed] milliseconds that a start took
 * @property {number} [openPause] milliseconds for which the event loop of the server was held up while connections came
 * @property {number} [closePause] the same while they went
 */

/** @returns {Promise<Sample>} */
function sampleCpu({ warmup, seconds, ...setting }) {
  return withContestant(setting, async (contestant) => {
    await contestant.warmUp(warmup * (setting.scenario.warmupFactor ?? 1));
    return contestant.measure(seconds);
  });
}

/**
 * What more connections add to a server that has some.
 *
 * @returns {Promise<Sample>}
 */
function sampleMemory(setting) {
  return withContestant(setting, async (contestant) => {
    const before = await contestant.server.call('memory');
    const { count } = await contestant.fill();
    const after = await contestant.server.call('memory');
    return { ...perConnection(before, after, count), rss: after.rss };
  });
}

function perConnection(before, after, count) {
  const live = after.live === undefined ? undefined : (after.live - before.live) / count;
  return { cost: (after.rss - before.rss) / count, live };
}

/**
 * What many idle connections cost for whole ping intervals, how much memory each takes, and for how long a server is held
 * up at most while all of them come, and go.
 *
 * @returns {Promise<Sample>}
 */
function sampleScale({ seconds, ...setting }) {
  return withContestant(setting, async (contestant) => {
    const { server } = contestant;
    const before = await server.call('memory');
    await server.call('watchPauses');
    const { count } = await contestant.fill();
    const openPause = await server.call('longestPause');
    const after = await server.call('memory');
    const { cost, elapsed } = await contestant.measure(seconds);
    await server.call('watchPauses');
    await contestant.empty();
    const closePause = await server.call('longestPause');
    const { cost: bytes, live } = perConnection(before, after, count);
    return { cost, elapsed, bytes, live, openPause, closePause, rss: after.rss };
  });
}

/**
 * What a process has spent when its server listens.
 *
 * @returns {Promise<Sample>}
 */
async function sampleStart({ server, variant }) {
  const { process } = await startServer(server, variant);
  const { cpu, rss, elapsed } = await process.call('startUsage');
  await process.stop();
  return { cost: cpu, rss, elapsed };
}

async function withContestant({ server, generator, scenario, variant }, take) {
  const contestant = await Contestant.enter(server, generator, scenario, variant);
  try {
    return await take(contestant);
  } finally {
    await contestant.leave();
  }
}

/** By what a scenario `measures`. Memory varies so little that fewer runs do. */
export const sampling = {
  cpu: { take: sampleCpu, shareOfRuns: 1 },
  memory: { take: sampleMemory, shareOfRuns: 0.5 },
  start: { take: sampleStart, shareOfRuns: 1 },
  scale: { take: sampleScale, shareOfRuns: 0.3 },
};
