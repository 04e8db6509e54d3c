import type { PartialOperator, PartialResponses, PartialSockets } from './partial-operator.js';
import type {
  AllButLast,
  DecorateAcknowledgements,
  DecorateAcknowledgementsWithMultipleResponses,
  EventNamesWithAck,
  EventNamesWithError,
  EventParams,
  EventsMap,
  FirstNonErrorArg,
  Last,
} from '../events/typed-events.js';

type Timed<EmitEvents extends EventsMap> = DecorateAcknowledgements<
  DecorateAcknowledgementsWithMultipleResponses<EmitEvents>
>;

/** Asks the other servers; `answered` gets the answers that came, and an error where one did not. */
type AskServers = (
  event: string,
  args: unknown[],
  answered: (error: Error | null, responses: unknown[]) => void,
) => void;

/** As `PartialOperator`, for a whole namespace, where the other servers can be asked as well. */
export class PartialNamespace<EmitEvents extends EventsMap, ServerSideEvents extends EventsMap, SocketData> {
  /** @internal */
  constructor(
    private readonly operator: PartialOperator<Timed<EmitEvents>, SocketData>,
    private readonly askServers: AskServers,
  ) {}

  /** All sockets; where a server does not answer, those of this server. */
  fetchSockets(): Promise<PartialSockets<EmitEvents, SocketData>> {
    return this.operator.fetchSockets() as unknown as Promise<PartialSockets<EmitEvents, SocketData>>;
  }

  /** Emits to all sockets and resolves to the acks that came, from any server. */
  emitWithAck<Event extends EventNamesWithError<Timed<EmitEvents>>>(
    event: Event,
    ...args: AllButLast<EventParams<Timed<EmitEvents>, Event>>
  ): Promise<PartialResponses<FirstNonErrorArg<Last<EventParams<Timed<EmitEvents>, Event>>>>> {
    return this.operator.emitWithAck(event, ...args);
  }

  /** Emits to the other servers and resolves to the answers that came within the adapter's own time. */
  serverSideEmitWithAck<Event extends EventNamesWithAck<ServerSideEvents>>(
    event: Event,
    ...args: AllButLast<EventParams<ServerSideEvents, Event>>
  ): Promise<PartialResponses<FirstNonErrorArg<Last<EventParams<ServerSideEvents, Event>>>[]>> {
    type Responses = FirstNonErrorArg<Last<EventParams<ServerSideEvents, Event>>>[];
    return new Promise((resolve) => {
      this.askServers(event as string, args, (error, responses) => {
        resolve({ responses: responses as Responses, missing: error !== null });
      });
    });
  }
}
