const GRACE = 10_000;

/** Turns a server that stops answering into a failure. */
export class Stall {
  #milliseconds;

  /** @param {number} seconds how long the load lasts; the last answers may take a while longer */
  constructor(seconds) {
    this.#milliseconds = seconds * 1000 + GRACE;
  }

  /**
   * @template T
   * @param {Promise<T>} work
   * @returns {Promise<T>}
   */
  async guard(work) {
    let timeout;
    const stalled = new Promise((_, reject) => {
      timeout = setTimeout(() => reject(new Error('the server stopped answering')), this.#milliseconds);
    });
    return Promise.race([work, stalled]).finally(() => clearTimeout(timeout));
  }
}
