import type { FailureHandler } from '../outcome/failure-handler.js';
import { InFlight } from '../outcome/in-flight.js';
import { OpenStreams } from '../outcome/open-streams.js';
import type { UnansweredAcks } from '../outcome/unanswered-acks.js';

/** What dispatching shares in one application. */
export interface DispatchContext {
  readonly failures: FailureHandler;
  readonly inFlight: InFlight;
  readonly streams: OpenStreams;
  readonly unanswered: UnansweredAcks;
  /** What of it handles that a client has left. */
  readonly departures: InFlight;
  /** For what nobody can be told any more. */
  readonly log: (error: unknown) => void;
  /** Set while shutting down: events are refused. */
  stopped: boolean;
}

/** All of it but what belongs to one server. */
export type SharedContext = Omit<DispatchContext, 'unanswered'>;

export function createSharedContext(failures: FailureHandler, log: (error: unknown) => void): SharedContext {
  return {
    failures,
    inFlight: new InFlight(),
    departures: new InFlight(),
    streams: new OpenStreams(),
    log,
    stopped: false,
  };
}
