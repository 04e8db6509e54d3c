import { randomId } from '../../common/random-id.js';
import type {
  BroadcastFlags,
  PrivateSessionId,
  RecoverableSocket,
  RestoredSession,
  Room,
  SocketId,
} from '../adapter/adapter.js';
import type { EncodedParts } from '../codec/packet.js';
import type { SessionRecovery } from './session-recovery.js';

/** What a socket is saved with. */
interface SavedSocket extends RecoverableSocket {
  readonly rooms: ReadonlySet<Room>;
}

/** The part of a socket that lets its client come back: its id for that, what it goes on with, and when it is saved. */
export class SocketRecovery {
  readonly pid: PrivateSessionId;
  /** Where this socket's packets began. */
  #since: string | undefined;
  #restored: RestoredSession | null;

  constructor(
    private readonly recovery: SessionRecovery,
    restored: RestoredSession | null,
  ) {
    this.pid = restored?.pid ?? randomId();
    this.#restored = restored;
  }

  /** Whether the session was ended since the client came back with it. */
  get isRevoked(): boolean {
    return this.#restored?.isRevoked === true;
  }

  /** Whether another connection of the client has taken the session since. */
  get isLost(): boolean {
    return this.#restored?.isLost === true;
  }

  /** The socket is let in. Returns what it goes on with. */
  open(socket: SavedSocket): RestoredSession | null {
    const restored = this.#restored;
    this.#restored = null;
    this.#since = this.recovery.open(this.pid, socket, restored);
    return restored;
  }

  /** The socket is not let in. */
  refuse(): void {
    const restored = this.#restored;
    this.#restored = null;
    if (restored !== null) this.recovery.giveBack(restored);
  }

  /** The socket is gone. */
  close(socket: SavedSocket, mayComeBack: boolean): void {
    const { pid } = this;
    const session = { sid: socket.id, pid, rooms: [...socket.rooms], data: socket.data, since: this.#since };
    this.recovery.close(session, socket, mayComeBack);
  }

  /** An event as it is to be written; null if another adapter has to carry it. Throws for what cannot be encoded. */
  encode(id: SocketId, data: unknown[], flags: BroadcastFlags): EncodedParts | null {
    return this.recovery.ownAdapter?.encodeFor(id, { type: 2, data }, flags) ?? null;
  }

  /** An event that the codec of this package encoded before the socket was let in, with what a comeback needs. */
  record(id: SocketId, encoded: string | EncodedParts): string | EncodedParts {
    return this.recovery.ownAdapter?.recordFor(id, encoded) ?? encoded;
  }

  join(rooms: readonly Room[]): void {
    this.recovery.join(this.pid, rooms);
  }

  leave(room: Room): void {
    this.recovery.leave(this.pid, room);
  }

  leaveAll(): void {
    this.recovery.leaveAll(this.pid);
  }

  revoke(): void {
    this.recovery.revoke(this.pid);
  }
}
