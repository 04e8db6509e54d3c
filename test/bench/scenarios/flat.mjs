import { BroadcastDriver } from '../lib/broadcast-driver.mjs';
import { ClosedLoop } from '../lib/closed-loop.mjs';
import { ConnectDriver } from '../lib/connect-driver.mjs';
import { binaryRing, echoPackets, echoRing } from '../lib/wire.mjs';
import { PollingDriver } from '../lib/polling-driver.mjs';

/**
 * A bit of everything at once, as fast as the server can: whatever is left behind by a message, a room, a session or its
 * end adds up.
 *
 * @type {import('./index.mjs').Scenario}
 */
export default {
  name: 'flat',
  title: 'Everything at once',
  unit: 'message',
  measures: 'cpu',
  playedBy: 'flat',
  variants: [{ label: 'echo, binary echo, rooms, long-polling, sessions that come and go' }],
  createDriver: (_variant, target) =>
    new ManyDrivers([
      new ClosedLoop(target, { ring: echoRing(64), connections: 50, inFlight: 4 }),
      new ClosedLoop(target, { ring: binaryRing(1024), connections: 20, inFlight: 1 }),
      new BroadcastDriver(target, { recipients: 200, others: 50, roomsEach: 5, bytes: 64 }),
      new PollingDriver(target, 20, echoPackets(64)),
      new ConnectDriver(target, { over: 'websocket', concurrency: 16, closes: true }),
      new ConnectDriver(target, { over: 'polling', concurrency: 4, closes: true }),
      new ConnectDriver(target, { over: 'upgrade', concurrency: 4, closes: true }),
    ]),
};

/** @implements {import('./index.mjs').Driver} */
class ManyDrivers {
  #drivers;

  constructor(drivers) {
    this.#drivers = drivers;
  }

  async open() {
    for (const driver of this.#drivers) await driver.open();
  }

  async drive(seconds) {
    const loads = await Promise.all(this.#drivers.map((driver) => driver.drive(seconds)));
    return { count: loads.reduce((sum, { count }) => sum + count, 0) };
  }

  async close() {
    for (const driver of this.#drivers) await driver.close();
  }
}
