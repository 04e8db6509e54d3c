import { cleanup } from './cleanup.js';

const EVERY_MS = 5;

/**
 * How long this process was held up since a moment: by other processes of the machine, or by its own work. A bound on how
 * long something waits is meant without it.
 */
export class Lateness {
  #heldUp = 0;
  #due = performance.now() + EVERY_MS;
  readonly #timer = setInterval(() => this.#note(), EVERY_MS);

  constructor() {
    cleanup(() => clearInterval(this.#timer));
  }

  /** In milliseconds. */
  get heldUp(): number {
    return this.#heldUp + Math.max(0, performance.now() - this.#due);
  }

  #note(): void {
    const now = performance.now();
    this.#heldUp += Math.max(0, now - this.#due);
    this.#due = now + EVERY_MS;
  }
}
