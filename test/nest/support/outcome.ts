import { Ack, Gateway } from '../../../src/index.js';
import type { Socket as ClientSocket } from 'socket.io-client';
import { within } from '../../support/until.js';

/** What a client was told about one event, as it came over the wire. */
export interface Outcome {
  /** The arguments of each ack packet. */
  readonly acks: unknown[][];
  /** The arguments of each `exception` event. */
  readonly exceptions: unknown[][];
}

/** Answers `outcomeOf`, which needs it in the application. */
@Gateway()
export class FenceGateway {
  @Ack('fence')
  fence(): void {}
}

/** Emits an event that asks for an ack and tells everything that came back. */
export async function outcomeWithAck(client: ClientSocket, event: string, ...args: unknown[]): Promise<Outcome> {
  const acks: unknown[][] = [];
  const answered = new Promise<void>((resolve) => {
    client.emit(event, ...args, (...answer: unknown[]) => {
      acks.push(answer);
      resolve();
    });
  });
  return record(client, acks, () => within(answered, `the ack of "${event}"`));
}

/** Emits an event without asking for an ack; `answered` tells when its handler is through. */
export async function outcomeWithoutAck(
  client: ClientSocket,
  answered: () => Promise<unknown>,
  event: string,
  ...args: unknown[]
): Promise<Outcome> {
  client.emit(event, ...args);
  return record(client, [], answered);
}

/** Nothing is still on its way once an event that was sent afterwards is answered. */
async function record(client: ClientSocket, acks: unknown[][], answered: () => Promise<unknown>): Promise<Outcome> {
  const exceptions: unknown[][] = [];
  let ackPackets = 0;
  const onException = (...args: unknown[]): void => void exceptions.push(args);
  // The client forgets an ack once it has come, so that a second one shows only on the wire.
  const onMessage = (message: unknown): void => {
    if (typeof message === 'string' && /^[36]/.test(message)) ackPackets++;
  };
  client.on('exception', onException);
  client.io.engine.on('message', onMessage);
  await answered();
  await within(client.emitWithAck('fence'), 'the fence');
  client.off('exception', onException);
  client.io.engine.off('message', onMessage);
  expect(ackPackets).toBe(acks.length + 1);
  return { acks, exceptions };
}
