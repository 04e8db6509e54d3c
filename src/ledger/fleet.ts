import { Timer, type TimerWheel } from '../common/timer-wheel.js';

export interface FleetContext {
  readonly wheel: TimerWheel;
  /** Milliseconds. */
  readonly heartbeatInterval: number;
  /** It is time to tell the others. */
  onBeat(): void;
  onNodeGone(node: string): void;
}

/** Which other nodes there are, by what was heard of them. A node that is silent for two heartbeats is gone. */
export class Fleet {
  /** By name, when something was heard last, on the wheel's clock. */
  readonly #heard = new Map<string, number>();
  readonly #timer = new Timer(() => this.#onTimer());
  #lastTick = 0;

  constructor(private readonly context: FleetContext) {}

  get others(): string[] {
    return [...this.#heard.keys()];
  }

  /** This node included. */
  get size(): number {
    return this.#heard.size + 1;
  }

  start(): void {
    this.#lastTick = performance.now();
    this.context.wheel.schedule(this.#timer, this.context.heartbeatInterval);
  }

  /** Something came from a node. */
  hear(node: string): void {
    this.#heard.set(node, performance.now());
  }

  /** A node has said goodbye. */
  remove(node: string): void {
    if (this.#heard.delete(node)) this.context.onNodeGone(node);
  }

  stop(): void {
    this.context.wheel.cancel(this.#timer);
    this.#heard.clear();
  }

  #onTimer(): void {
    const { wheel, heartbeatInterval } = this.context;
    wheel.schedule(this.#timer, heartbeatInterval);
    const now = performance.now();
    // This process stood still: what the others sent meanwhile has not been read yet.
    if (now - this.#lastTick > 1.5 * heartbeatInterval)
      for (const node of this.#heard.keys()) this.#heard.set(node, now);
    this.#lastTick = now;
    for (const [node, at] of this.#heard) if (now - at > 2 * heartbeatInterval) this.remove(node);
    this.context.onBeat();
  }
}
