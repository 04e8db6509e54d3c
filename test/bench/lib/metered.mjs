/**
 * A driver that also tells how many bytes the server has put on the wire.
 *
 * @implements {import('../scenarios/index.mjs').Driver}
 */
export class Metered {
  #driver;

  /** @param {import('../scenarios/index.mjs').Driver & { bytesReceived: number }} driver */
  constructor(driver) {
    this.#driver = driver;
  }

  open() {
    return this.#driver.open();
  }

  async drive(seconds) {
    const before = this.#driver.bytesReceived;
    const load = await this.#driver.drive(seconds);
    return { ...load, bytes: this.#driver.bytesReceived - before };
  }

  close() {
    return this.#driver.close();
  }
}

/**
 * @param {{ bytesReceived: number }[]} connections
 * @returns {number} together
 */
export function bytesReceivedBy(connections) {
  return connections.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0);
}
