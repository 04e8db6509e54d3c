/** Counts asynchronous work so that a shutdown can wait for it. Synchronous handlers are never counted. */
export class InFlight {
  #count = 0;
  #waiting: (() => void)[] = [];

  get count(): number {
    return this.#count;
  }

  /** The promise must not reject. */
  track(work: Promise<unknown>): void {
    this.#count++;
    void work.then(() => this.#onSettled());
  }

  /** Resolves once nothing is under way. */
  idle(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #onSettled(): void {
    if (--this.#count > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
