import type { ErrorLog } from '../outcome/error-log.js';
import type { ErrorReporter, FailureHandler } from '../outcome/failure-handler.js';
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
  /** For errors that come from no handler of which more is known. */
  readonly report: ErrorReporter;
  /** For errors of error handlers. */
  readonly log: (error: unknown) => void;
  /** Tells an operator in one line. */
  readonly warn: (message: string) => void;
  /** Set while shutting down: events are refused. */
  stopped: boolean;
}

/** All of it but what belongs to one server. */
export type SharedContext = Omit<DispatchContext, 'unanswered'>;

export function createSharedContext(failures: FailureHandler, report: ErrorReporter, log: ErrorLog): SharedContext {
  return {
    failures,
    inFlight: new InFlight(),
    departures: new InFlight(),
    streams: new OpenStreams(),
    report,
    log: (error) => log.error(error),
    warn: (message) => log.warn(message),
    stopped: false,
  };
}
