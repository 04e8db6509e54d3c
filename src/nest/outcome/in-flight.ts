import { isCalledByHandler } from '../pipeline/handler-trace.js';

/** Counts asynchronous work so that a shutdown can wait for it. Synchronous handlers are never counted. */
export class InFlight {
  #count = 0;
  /** Of these, how many wait for the shutdown themselves, as far as that is known. */
  #excused = 0;
  #waiting: (() => void)[] = [];
  #waitingForOthers: (() => void)[] = [];

  get count(): number {
    return this.#count;
  }

  /** Whether a handler is known to wait for the shutdown. */
  get hasExcused(): boolean {
    return this.#excused > 0;
  }

  /** The promise must not reject. */
  track(work: Promise<unknown>): void {
    void work.then(this.begin());
  }

  /** The same for work that no promise stands for: it ends with the first call of the function that this returns. */
  begin(): () => void {
    this.#count++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#onSettled();
    };
  }

  /** To be called where a shutdown begins: a handler that awaits it is not waited for in turn. */
  excuseCaller(): void {
    if (!isCalledByHandler()) return;
    this.#excused++;
    this.#wakeOthers();
  }

  /** Resolves once nothing is under way. */
  idle(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Resolves once nothing is under way but what was excused. */
  othersIdle(): Promise<void> {
    if (this.#count <= this.#excused) return Promise.resolve();
    return new Promise((resolve) => this.#waitingForOthers.push(resolve));
  }

  #onSettled(): void {
    this.#count--;
    this.#wakeOthers();
    if (this.#count > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #wakeOthers(): void {
    if (this.#count > this.#excused) return;
    for (const resolve of this.#waitingForOthers.splice(0)) resolve();
  }
}
