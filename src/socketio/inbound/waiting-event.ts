import { TimerEntry } from '../../common/timer-wheel.js';

/** What counts the events of a socket that wait. */
interface WaitingEvents {
  /** @internal */
  endWait(event: WaitingEvent): void;
}

/** An event that waits for the application before its handler runs: for a guard, a pipe, the instance of a class. */
export class WaitingEvent extends TimerEntry {
  constructor(
    private readonly events: WaitingEvents,
    /** What it holds. */
    readonly bytes: number,
  ) {
    super();
  }

  override onTimer(): void {
    this.end();
  }

  /** It waits no longer. Further calls do nothing. */
  end(): void {
    this.events.endWait(this);
  }
}
