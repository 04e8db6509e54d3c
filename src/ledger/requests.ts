import { randomId } from '../common/random-id.js';
import { Timer, type TimerWheel } from '../common/timer-wheel.js';

/** Who asks other nodes. */
export interface Asker {
  onAnswer(node: string, answer: string): void;
  /** All have answered, or will not. `missing` are those that had not when the time was over. */
  onDone(missing: readonly string[]): void;
}

/** Questions to the other nodes that are not answered by all of them yet. */
export class Requests {
  readonly #open = new Map<string, { readonly asker: Asker; readonly waiting: Set<string>; readonly timer: Timer }>();

  constructor(private readonly wheel: TimerWheel) {}

  /** Returns the id under which the nodes answer. */
  open(nodes: readonly string[], timeout: number, asker: Asker): string {
    const id = randomId();
    const waiting = new Set(nodes);
    const timer = new Timer(() => this.#finish(id, [...waiting]));
    this.#open.set(id, { asker, waiting, timer });
    if (waiting.size === 0) this.#finish(id, []);
    else this.wheel.schedule(timer, timeout);
    return id;
  }

  receive(id: string, node: string, answer: string): void {
    const request = this.#open.get(id);
    if (request === undefined || !request.waiting.delete(node)) return;
    request.asker.onAnswer(node, answer);
    if (request.waiting.size === 0) this.#finish(id, []);
  }

  /** A node that is gone answers nothing any more. */
  removeNode(node: string): void {
    for (const [id, { waiting }] of this.#open) if (waiting.delete(node) && waiting.size === 0) this.#finish(id, []);
  }

  close(): void {
    for (const [id, { waiting }] of this.#open) this.#finish(id, [...waiting]);
  }

  #finish(id: string, missing: readonly string[]): void {
    const request = this.#open.get(id);
    if (request === undefined) return;
    this.#open.delete(id);
    this.wheel.cancel(request.timer);
    request.asker.onDone(missing);
  }
}
