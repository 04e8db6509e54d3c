/** The load in a process of its own, driven over IPC. It serves all servers; each load has a key. */
import process from 'node:process';
import { answerCalls } from './lib/rpc.mjs';
import { Stall } from './lib/stall.mjs';
import { scenarios } from './scenarios/index.mjs';

/** Seconds within which all connections of a scenario are open, also where much else runs. */
const OPENING_TIME = 60;

/** @type {Map<number, import('./scenarios/index.mjs').Driver>} */
const drivers = new Map();

answerCalls({
  /** Opens the connections of a scenario to a server. */
  async open({ key, scenario, variant, port, deflates }) {
    const { variants, createDriver } = scenarios.find(({ name }) => name === scenario);
    const driver = createDriver(variants[variant], { port, deflates });
    drivers.set(key, driver);
    await new Stall(OPENING_TIME).guard(driver.open());
  },

  /** Loads the server for so long, and waits for every answer. */
  async drive({ key, seconds }) {
    const cpu = process.cpuUsage();
    const started = performance.now();
    const load = await drivers.get(key).drive(seconds);
    const { user, system } = process.cpuUsage(cpu);
    return { ...load, elapsed: (performance.now() - started) / 1000, cpu: user + system };
  },

  /** @returns {Promise<boolean>} whether there was something to clear away */
  async reset({ key }) {
    const driver = drivers.get(key);
    if (driver.reset === undefined) return false;
    await driver.reset();
    return true;
  },

  async close({ key }) {
    const driver = drivers.get(key);
    drivers.delete(key);
    await driver.close();
  },
});
