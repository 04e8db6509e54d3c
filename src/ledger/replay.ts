import type { EncodedParts } from '../socketio/index.js';
import { hasGot, type EventMessage, type Message, type Target } from './entry.js';
import type { Membership } from './membership.js';
import type { NodeLog } from './node-log.js';
import type { Handover } from './store/ledger-store.js';
import { comparePlaces, type Place } from './store/offset.js';
import type { DirectPacket } from './session-record.js';

/** A session whose client is away. */
export interface AwaySession {
  readonly nsp: string;
  /** The rooms up to `read`; the replay takes them on. */
  readonly membership: Membership;
  /** Up to which entry the rooms are right. */
  readonly read: Place;
  /** Up to where the client has everything. */
  readonly from: Place;
  readonly directs: readonly DirectPacket[];
  readonly handovers: readonly Handover[];
}

export interface Replay {
  readonly packets: readonly EncodedParts[];
  /** What a server has asked for meanwhile: to end the socket, or with true its whole connection. */
  readonly disconnect: boolean | null;
}

/**
 * What a client has missed, in order, as of the last entry that this node has read. What servers asked of all sockets while
 * it was away (joining, leaving, disconnecting) is done to its session in the same order.
 */
export function replay(session: AwaySession, log: NodeLog): Replay {
  const { nsp, membership, read, from } = session;
  const packets: EncodedParts[] = [];
  const directs = session.directs.filter(({ at }) => comparePlaces(at, from) > 0);
  let disconnect: boolean | null = null;
  let next = 0;
  for (const { place, nsp: of, message, parts } of log.after(Math.min(read.number, from.number))) {
    // What went directly was sent between entries.
    while (next < directs.length && directs[next].at.number < place.number) packets.push(directs[next++].parts);
    if (of !== nsp || message === null) continue;
    if (message.kind === 'event') {
      const isMissed = place.number > from.number && isReplayed(message, session.handovers);
      if (isMissed && isFor(membership, message, place)) packets.push(parts!);
    } else if (place.number > read.number) {
      disconnect = apply(message, membership, place) ?? disconnect;
    }
  }
  while (next < directs.length) packets.push(directs[next++].parts);
  return { packets, disconnect };
}

/** Acks cannot be asked for again, and what a former node had sent directly the client may have. */
function isReplayed({ ask, late }: EventMessage, handovers: readonly Handover[]): boolean {
  return ask === undefined && (late === undefined || !hasGot(handovers, late));
}

function isFor(membership: Membership, { rooms, except }: Target, place: Place): boolean {
  return membership.covers(rooms, except, place.number);
}

/** Returns what was asked for if that is the end of the socket. */
function apply(message: Message, membership: Membership, place: Place): boolean | null {
  switch (message.kind) {
    case 'join':
      if (isFor(membership, message, place)) for (const room of message.names) membership.join(room, place.number);
      return null;
    case 'leave':
      if (isFor(membership, message, place)) for (const room of message.names) membership.leave(room, place.number);
      return null;
    case 'disconnect':
      return isFor(membership, message, place) ? message.close : null;
    default:
      return null;
  }
}
