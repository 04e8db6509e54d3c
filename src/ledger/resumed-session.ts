import {
  argsOf,
  decodeParts,
  decodeValues,
  type EncodedParts,
  type PrivateSessionId,
  type RestoredSession,
  type Room,
  type SocketId,
} from '../socketio/index.js';
import { Membership } from './membership.js';
import type { NodeLog } from './node-log.js';
import { placeOf, type Place } from './store/offset.js';
import { replay, type AwaySession } from './replay.js';
import type { DirectPacket, StoredSession } from './session-record.js';
import type { TakenSession } from './store/ledger-store.js';

/** A session that a client comes back for, from the moment that this node has it until its socket is connected. */
export class ResumedSession implements RestoredSession {
  readonly sid: SocketId;
  readonly data: unknown;
  readonly since: string;
  readonly away: number | undefined;
  readonly followsReply = true;
  readonly stored: StoredSession;
  readonly directs: readonly DirectPacket[];
  /** Another node, or another attempt, has taken the session since. */
  isLost = false;
  /** What was stored is not all that is to be known. */
  isBroken = false;
  #membership: Membership;
  #packets: readonly EncodedParts[] | null = null;

  constructor(
    readonly pid: PrivateSessionId,
    readonly owner: string,
    readonly taken: TakenSession,
    /** Up to where the client has everything. */
    readonly from: Place,
    stored: StoredSession,
    private readonly log: NodeLog,
  ) {
    this.stored = stored;
    this.sid = stored.sid;
    this.since = stored.since;
    // The clocks of two nodes may differ.
    this.away = stored.left === undefined ? undefined : Math.max(0, Date.now() - stored.left);
    this.data = decodeValues(stored.data)[0];
    this.directs = taken.directs.map(({ at, body }) => ({ at: placeOf(at), parts: decodeParts(body) }));
    this.#membership = new Membership(stored.rooms);
  }

  get membership(): Membership {
    return this.#membership;
  }

  get rooms(): Room[] {
    return this.#membership.rooms;
  }

  get encodedPackets(): readonly EncodedParts[] {
    return this.#packets ?? [];
  }

  get missedPackets(): unknown[][] {
    return this.encodedPackets.map((parts) => argsOf(parts, this.stored.nsp));
  }

  /**
   * Fixes rooms and packets as of the last entry that this node has read, in the turn in which the socket joins its rooms:
   * what is read later reaches it there. Null if entries have left the log meanwhile.
   */
  resume(): { readonly disconnect: boolean | null } | null {
    const read = placeOf(this.taken.mark.read);
    const { from } = this;
    if (!this.log.covers(earlier(read, from))) return null;
    const session: AwaySession = {
      nsp: this.stored.nsp,
      membership: this.#membership,
      read,
      from,
      directs: this.directs,
      handovers: this.taken.handovers,
    };
    const { packets, disconnect } = replay(session, this.log);
    this.#packets = packets;
    return { disconnect };
  }
}

/** The one whose entry comes first. */
export function earlier(a: Place, b: Place): Place {
  return a.number < b.number ? a : { ...b, direct: 0 };
}
