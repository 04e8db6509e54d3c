import { Timer, type TimerWheel } from '../../engine/index.js';
import type { RemoteSocket } from './remote-socket.js';
import { AckError } from '../acks/ack-error.js';
import type {
  AllButLast,
  EventNamesWithError,
  EventParams,
  EventsMap,
  FirstNonErrorArg,
  Last,
} from '../events/typed-events.js';

/** The sockets that the servers which answered have. */
export interface PartialSockets<EmitEvents extends EventsMap, SocketData> {
  /** The sockets of the servers that answered. */
  sockets: RemoteSocket<EmitEvents, SocketData>[];
  /** Whether a server did not answer in time. */
  missing: boolean;
}

/** The answers that came. */
export interface PartialResponses<Responses> {
  /** The answers that came. */
  responses: Responses;
  /** Whether someone who was asked, and is not known to have left, did not answer in time. */
  missing: boolean;
}

/** The same queries, that fail where a part is missing. */
interface WholeQueries<EmitEvents extends EventsMap, SocketData> {
  fetchSockets(): Promise<RemoteSocket<EmitEvents, SocketData>[]>;
  localSockets(): RemoteSocket<EmitEvents, SocketData>[];
  emitWithAck<Event extends EventNamesWithError<EmitEvents>>(
    event: Event,
    ...args: AllButLast<EventParams<EmitEvents, Event>>
  ): Promise<FirstNonErrorArg<Last<EventParams<EmitEvents, Event>>>>;
}

/**
 * Cluster queries with partial results: if a server does not answer, they resolve with what came, and say that a part is
 * missing, instead of rejecting.
 */
export class PartialOperator<EmitEvents extends EventsMap, SocketData> {
  /** @param timeout in milliseconds, for adapters that wait longer */
  /** @internal */
  constructor(
    private readonly whole: WholeQueries<EmitEvents, SocketData>,
    private readonly wheel: TimerWheel,
    private readonly timeout: number,
  ) {}

  /**
   * The targeted sockets. Adapters keep the answers that came to themselves, so where one is missing these are the
   * sockets of this server.
   */
  async fetchSockets(): Promise<PartialSockets<EmitEvents, SocketData>> {
    try {
      return { sockets: await this.#inTime(this.whole.fetchSockets()), missing: false };
    } catch {
      return { sockets: this.whole.localSockets(), missing: true };
    }
  }

  /** Emits to everyone targeted and resolves to the acks that came, from any server. */
  async emitWithAck<Event extends EventNamesWithError<EmitEvents>>(
    event: Event,
    ...args: AllButLast<EventParams<EmitEvents, Event>>
  ): Promise<PartialResponses<FirstNonErrorArg<Last<EventParams<EmitEvents, Event>>>>> {
    try {
      return { responses: await this.whole.emitWithAck(event, ...args), missing: false };
    } catch (error) {
      if (!(error instanceof AckError)) throw error;
      const { responses } = error as AckError & {
        responses: FirstNonErrorArg<Last<EventParams<EmitEvents, Event>>>;
      };
      return { responses, missing: true };
    }
  }

  #inTime<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = new Timer(() => reject(AckError.timeout()));
      this.wheel.schedule(timer, this.timeout);
      void answer.then(resolve, reject).then(() => this.wheel.cancel(timer));
    });
  }
}
