import binary from './binary.mjs';
import broadcast from './broadcast.mjs';
import connect from './connect.mjs';
import echo from './echo.mjs';
import events from './events.mjs';
import heartbeat from './heartbeat.mjs';
import idle from './idle.mjs';

/**
 * What a scenario module exports as its default, and what its driver does: the definition is read by run.mjs, the driver
 * runs in the generator.
 *
 * @typedef {object} Scenario
 * @property {string} name as in `--scenario`
 * @property {string} title
 * @property {string} unit what one of the counted things is, in the singular
 * @property {Variant[]} variants one table each; `--quick` takes those marked so
 * @property {'cpu' | 'memory'} measures see lib/sampling.mjs
 * @property {number} [pingInterval] of the server, in milliseconds; otherwise no ping falls into a measurement
 * @property {number} [warmupFactor] how many times the usual warm-up it takes until the cost is steady
 * @property {(variant: any, target: { port: number }) => Driver} createDriver
 *
 * @typedef {{ label: string, quick: boolean }} Variant and whatever else its driver wants to know
 *
 * @typedef {object} Driver
 * @property {() => Promise<void>} open
 * @property {(seconds: number) => Promise<{ count: number, p50?: number, p99?: number }>} drive resolves when every answer
 *   has arrived, so that what the server spent meanwhile is what the counted things cost; rejects on a wrong one
 * @property {() => Promise<void>} [reset] between the warm-up and the measurement
 * @property {() => Promise<void>} close
 */

/** In the order of the report. */
export const scenarios = [echo, events, broadcast, binary, connect, heartbeat, idle];
