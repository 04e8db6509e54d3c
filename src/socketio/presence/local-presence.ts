import type { EventEmitter } from 'node:events';
import { askForeign } from '../../common/call-foreign.js';
import type { Room, SocketId } from '../adapter/adapter.js';
import { isReserved } from '../client/user-rooms.js';
import { matchesRoom, type RoomPattern } from './presence-options.js';
import { formatScope, type PresenceRow } from './presence-table.js';

export interface PresentSocket {
  readonly id: SocketId;
  readonly userId: string | undefined;
}

/** A namespace of this server. */
export interface PresenceSpace {
  readonly name: string;
  readonly adapter: EventEmitter & { readonly sids: ReadonlyMap<SocketId, ReadonlySet<Room>> };
  readonly sockets: ReadonlyMap<SocketId, PresentSocket>;
}

export interface LocalPresenceContext {
  readonly key: ((socket: unknown) => unknown) | null;
  enter(row: PresenceRow): void;
  leave(row: PresenceRow): void;
  reportError(error: unknown): void;
}

/** What one socket counts for. */
interface Counted {
  readonly key: string;
  readonly scopes: Set<string>;
}

/**
 * Who is present on this server. It listens to the adapter of each namespace, which tells of every room that a socket joins
 * and leaves: a socket is in the room of its own id for as long as it is connected.
 */
export class LocalPresence {
  readonly #rooms: RoomPattern[];
  readonly #spaces = new Map<string, PresenceSpace>();
  /** By namespace and socket. */
  readonly #counted = new Map<string, Map<SocketId, Counted>>();
  readonly #stops = new Map<string, () => void>();

  constructor(
    rooms: readonly RoomPattern[],
    private readonly context: LocalPresenceContext,
  ) {
    this.#rooms = [...rooms];
  }

  /** A namespace, or its new adapter. */
  watch(space: PresenceSpace): void {
    const { name, adapter } = space;
    this.#stops.get(name)?.();
    this.#spaces.set(name, space);
    this.#counted.set(name, this.#counted.get(name) ?? new Map<SocketId, Counted>());
    const onJoin = (room: Room, id: SocketId): void => this.#onJoin(space, room, id);
    const onLeave = (room: Room, id: SocketId): void => this.#onLeave(name, room, id);
    adapter.on('join-room', onJoin);
    adapter.on('leave-room', onLeave);
    this.#stops.set(name, () => {
      adapter.off('join-room', onJoin);
      adapter.off('leave-room', onLeave);
    });
    for (const id of space.sockets.keys()) this.#onJoin(space, id, id);
  }

  /** The namespace goes; its sockets have left. */
  unwatch({ name }: Pick<PresenceSpace, 'name'>): void {
    this.#stops.get(name)?.();
    this.#stops.delete(name);
    this.#spaces.delete(name);
    this.#counted.delete(name);
  }

  get rooms(): readonly RoomPattern[] {
    return this.#rooms;
  }

  /** Presence is to be kept of more rooms. */
  addRooms(rooms: readonly RoomPattern[]): void {
    this.#rooms.push(...rooms);
    for (const space of this.#spaces.values()) for (const id of space.sockets.keys()) this.#onJoin(space, id, id);
  }

  /** Whom a socket acts for may have changed. */
  update(namespace: string, id: SocketId): void {
    const space = this.#spaces.get(namespace);
    if (space?.sockets.has(id)) this.#onJoin(space, id, id);
  }

  stop(): void {
    for (const stop of this.#stops.values()) stop();
    this.#stops.clear();
  }

  *rows(): Iterable<PresenceRow> {
    for (const sockets of this.#counted.values()) {
      for (const [id, { key, scopes }] of sockets) for (const scope of scopes) yield [scope, key, id];
    }
  }

  #onJoin(space: PresenceSpace, room: Room, id: SocketId): void {
    const socket = space.sockets.get(id);
    // It may join rooms while it is being decided about; they count once it is in.
    if (socket === undefined || (room !== id && !this.#isKept(room))) return;
    const key = this.#keyOf(socket);
    const sockets = this.#counted.get(space.name)!;
    if (sockets.get(id)?.key !== key) this.#forget(space.name, id);
    if (key === undefined) return;
    let counted = sockets.get(id);
    // The other rooms of a socket that counts already count as well.
    const joined = counted !== undefined && room !== id ? [room] : (space.adapter.sids.get(id) ?? []);
    if (counted === undefined) sockets.set(id, (counted = { key, scopes: new Set() }));
    this.#enter(space.name, undefined, id, counted);
    for (const each of joined) if (each !== id && this.#isKept(each)) this.#enter(space.name, each, id, counted);
  }

  #onLeave(namespace: string, room: Room, id: SocketId): void {
    if (room === id) {
      this.#forget(namespace, id);
      return;
    }
    const counted = this.#counted.get(namespace)?.get(id);
    const scope = formatScope({ namespace, room });
    if (counted?.scopes.delete(scope)) this.context.leave([scope, counted.key, id]);
  }

  #enter(namespace: string, room: Room | undefined, id: SocketId, { key, scopes }: Counted): void {
    const scope = formatScope({ namespace, room });
    if (scopes.has(scope)) return;
    scopes.add(scope);
    this.context.enter([scope, key, id]);
  }

  #forget(namespace: string, id: SocketId): void {
    const sockets = this.#counted.get(namespace);
    const counted = sockets?.get(id);
    if (counted === undefined) return;
    sockets!.delete(id);
    for (const scope of counted.scopes) this.context.leave([scope, counted.key, id]);
  }

  #isKept(room: Room): boolean {
    return !isReserved(room) && matchesRoom(this.#rooms, room);
  }

  #keyOf(socket: PresentSocket): string | undefined {
    if (this.context.key === null) return socket.userId;
    let key: unknown;
    askForeign(this.context.key, undefined, [socket] as never[], (error, given) => {
      if (error !== null) this.context.reportError(error);
      else key = given;
    });
    if (key === undefined || key === null) return undefined;
    if (typeof key === 'string' || typeof key === 'number') return String(key);
    this.context.reportError(new TypeError('the option presence.key must return a string, or undefined'));
    return undefined;
  }
}
