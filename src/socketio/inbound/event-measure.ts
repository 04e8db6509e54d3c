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
    return this.#hasWaited === false ? EVENT : EventMeasure.of(args);
  }

  /** What one event holds that has to wait, in bytes. */
  static of(args: readonly unknown[]): number {
    try {
      return EVENT + heldBytes(args, CROWD);
    } catch {
      // Getters of the application's.
      return CROWD;
    }
  }

  /** Whether the event has to wait. */
  note(waits: boolean): void {
    this.#hasWaited = waits || this.#hasWaited === true;
  }
}

/** What undecided events of a socket may hold at once, decoded, in bytes; one of any size may begin. */
export const CROWD = 262_144;

/** What an event that waits holds beside its arguments, in bytes. */
const EVENT = 1_024;
