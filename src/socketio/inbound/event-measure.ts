import { heldBytes } from '../codec/value-bounds.js';

/**
 * What events hold while they wait for a decision. To measure one costs a walk over it: while none has had to wait, only the
 * first is, in case that one has to.
 */
export class EventMeasure {
  /** Null before the first event. */
  #hasWaited: boolean | null = null;

  /** In bytes. To be asked before the decision begins, which may add to the arguments. */
  measure(args: readonly unknown[]): number {
    return this.#hasWaited === false ? EVENT : EVENT + heldBytes(args);
  }

  /** Whether the event has to wait. */
  note(waits: boolean): void {
    this.#hasWaited = waits || this.#hasWaited === true;
  }
}

/** What an event that waits holds beside its arguments, in bytes. */
const EVENT = 1_024;
