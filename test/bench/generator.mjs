/** The load in a process of its own, driven over IPC by run.mjs. It serves all servers, one at a time. */
import process from 'node:process';
import { answerCalls } from './lib/rpc.mjs';

/** @type {import('./scenarios/index.mjs').Driver | null} */
let driver = null;

answerCalls({
  /** Opens the connections of a scenario to a server. */
  async open({ scenario, variant, port }) {
    const { default: definition } = await import(`./scenarios/${scenario}.mjs`);
    driver = definition.createDriver(definition.variants[variant], { port });
    await driver.open();
  },

  /** Loads the server for so long, and waits for every answer. */
  async drive({ seconds }) {
    const cpu = process.cpuUsage();
    const started = performance.now();
    const load = await driver.drive(seconds);
    const { user, system } = process.cpuUsage(cpu);
    return { ...load, elapsed: (performance.now() - started) / 1000, cpu: user + system };
  },

  async reset() {
    await driver.reset?.();
  },

  async close() {
    await driver.close();
    driver = null;
  },
});
