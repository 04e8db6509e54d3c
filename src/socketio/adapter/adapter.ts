import type { EventEmitter } from 'node:events';
import type { Handshake } from '../client/handshake.js';
import type { EncodedParts } from '../codec/packet.js';

/*
 * The interface of the package socket.io-adapter, which published adapters implement and whose names are theirs. A
 * namespace makes its adapter with `new Adapter(namespace)` and calls nothing beyond what stands here.
 */

export type SocketId = string;
export type PrivateSessionId = string;
export type Room = string;

export interface BroadcastFlags {
  volatile?: boolean;
  compress?: boolean;
  local?: boolean;
  broadcast?: boolean;
  binary?: boolean;
  timeout?: number;
}

/** Whom an operation is for. `except` and `flags` are always there: published adapters read them unguarded. */
export interface BroadcastOptions {
  rooms: Set<Room>;
  except: Set<Room>;
  flags: BroadcastFlags;
}

/** An event as adapters get it: without namespace, which is the adapter's own. */
export interface AdapterPacket {
  type: 2;
  data: unknown[];
  nsp?: string;
  id?: number;
  terms?: AckTerms;
}

/** What a server that asks for acks tells the others. It travels on the packet, which adapters hand over whole. */
export interface AckTerms {
  /** How long it waits, in milliseconds. */
  readonly timeout: number;
  /** What it takes in place of the answer of a socket that has left. */
  readonly left: string;
}

export interface SessionToPersist {
  sid: SocketId;
  pid: PrivateSessionId;
  rooms: Room[];
  data: unknown;
  /** Where the socket's packets began; for the adapter in memory, others pass it over. */
  since?: string | undefined;
}

export type RestoredSession = SessionToPersist & {
  /** The arguments of the events that the client has missed, with their offsets. */
  missedPackets: unknown[][];
  /** The same, encoded, from adapters that have it so. */
  readonly encodedPackets?: readonly EncodedParts[];
  /** Whether the session was ended after it was given back; read when its socket is let in. */
  readonly isRevoked?: boolean;
  /** How long the client was away, in milliseconds, from adapters that know it. */
  readonly away?: number;
};

/** A socket, as what keeps its session sees it. */
export interface RecoverableSocket {
  readonly id: SocketId;
  readonly connected: boolean;
  readonly data: unknown;
  /** Ends the connection that its client has given up, so that the session is saved. */
  closeAsReplaced(): void;
}

/** A socket of another server, or a local one, which has a `server`. */
export interface SocketDetails {
  id: SocketId;
  handshake: Handshake;
  rooms: Room[] | Set<Room>;
  data: unknown;
  server?: unknown;
}

export interface Adapter extends EventEmitter {
  readonly rooms: Map<Room, Set<SocketId>>;
  readonly sids: Map<SocketId, Set<Room>>;
  init(): Promise<void> | void;
  close(): Promise<void> | void;
  serverCount(): Promise<number>;
  addAll(id: SocketId, rooms: Set<Room>): Promise<void> | void;
  del(id: SocketId, room: Room): Promise<void> | void;
  delAll(id: SocketId): void;
  broadcast(packet: AdapterPacket, opts: BroadcastOptions): Promise<void> | void;
  broadcastWithAck(
    packet: AdapterPacket,
    opts: BroadcastOptions,
    clientCountCallback: (clientCount: number) => void,
    ack: (...args: unknown[]) => void,
  ): void;
  sockets(rooms: Set<Room>): Promise<Set<SocketId>>;
  socketRooms(id: SocketId): Set<Room> | undefined;
  fetchSockets(opts: BroadcastOptions): Promise<SocketDetails[]>;
  addSockets(opts: BroadcastOptions, rooms: Room[]): Promise<void> | void;
  delSockets(opts: BroadcastOptions, rooms: Room[]): Promise<void> | void;
  disconnectSockets(opts: BroadcastOptions, close: boolean): Promise<void> | void;
  serverSideEmit(packet: unknown[]): Promise<void> | void;
  persistSession(session: SessionToPersist): Promise<void> | void;
  /** May reject; null where there is nothing to restore. The adapter in memory needs no offset. */
  restoreSession(pid: PrivateSessionId, offset: string | undefined): Promise<RestoredSession | null> | null;
}

/** What adapters of this package that keep sessions are told beyond the published interface. */
export interface SessionAdapter extends Adapter {
  /** A socket is connected under this recovery id, with what it resumes. Returns where its packets begin. */
  openSession(pid: PrivateSessionId, socket: RecoverableSocket, restored: RestoredSession | null): string;
  /** The time of a saved session is over. */
  forgetSession(pid: PrivateSessionId): void;
  /** Whether the last argument of an event, as a client got it, is the offset behind its arguments. For the testing kit. */
  isOffset(argument: string): boolean;
  /**
   * Whether a client may come back again right after it came back. Networks that come and go want that; it also lets one
   * who has got hold of a recovery id take its session at any time, not only once its client is away.
   */
  readonly allowsQuickReturn?: boolean;
}

/** Called with `new`; a class or a `function`. */
// oxlint-disable-next-line typescript/no-explicit-any -- published classes type their argument themselves
export type AdapterConstructor = (new (nsp: any) => Adapter) | ((nsp: any) => Adapter);

/** How packets are handed to a connection. The names are those that published adapters use. */
export interface WriteOptions {
  /** Whether the packets are encoded already; everything that comes this way is. */
  preEncoded?: boolean;
  /** Dropped where the connection is not ready to send. */
  volatile?: boolean | undefined;
  compress?: boolean | undefined;
}
