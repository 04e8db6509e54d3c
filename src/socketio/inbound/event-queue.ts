/** What an event is for. */
interface EventTarget {
  readonly isOpen: boolean;
  takes(name: string, id: number): boolean;
  receive(args: unknown[], id: number): void;
}

/**
 * Events of one tick of all sockets, dispatched at its end: as in Socket.IO, an event is ignored whose client leaves the
 * namespace in the same tick, so with what arrived together. One callback per tick; nothing is made per event.
 */
export class EventQueue {
  readonly #targets: EventTarget[] = [];
  readonly #args: unknown[][] = [];
  readonly #ids: number[] = [];
  readonly #onTick = (): void => this.#dispatch();

  constructor(private readonly reportError: (error: unknown) => void) {}

  add(target: EventTarget, args: unknown[], id: number): void {
    this.#args.push(args);
    this.#ids.push(id);
    if (this.#targets.push(target) === 1) process.nextTick(this.#onTick);
  }

  /** What is added meanwhile is dispatched in the same pass. */
  #dispatch(): void {
    for (let i = 0; i < this.#targets.length; i++) {
      const target = this.#targets[i];
      if (!target.isOpen) continue;
      try {
        const args = this.#args[i];
        const id = this.#ids[i];
        if (target.takes(String(args[0]), id)) target.receive(args, id);
      } catch (error) {
        this.reportError(error);
      }
    }
    this.#targets.length = this.#args.length = this.#ids.length = 0;
  }
}
