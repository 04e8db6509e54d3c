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
  /** Whether clients that are not ready to be sent to may miss it. */
  volatile?: boolean;
  /** Whether it may be compressed. */
  compress?: boolean;
  /** Whether it is for this server only. */
  local?: boolean;
  /** Set by clients of the adapter; of no meaning here. */
  broadcast?: boolean;
  /** Set by clients of the adapter; of no meaning here. */
  binary?: boolean;
  /** How long acks are awaited, in milliseconds. */
  timeout?: number;
}

/** Whom an operation is for. `except` and `flags` are always there: published adapters read them unguarded. */
export interface BroadcastOptions {
  /** The rooms that are meant; empty: all sockets. */
  rooms: Set<Room>;
  /** Rooms whose sockets are left out. */
  except: Set<Room>;
  /** How it is sent. */
  flags: BroadcastFlags;
}

/** An event as adapters get it: without namespace, which is the adapter's own. */
export interface AdapterPacket {
  /** An event. */
  type: 2;
  /** Its name and its arguments. */
  data: unknown[];
  /** The namespace; adapters set it. */
  nsp?: string;
  /** The id of the ack that is asked for. */
  id?: number;
  /** How long the ack is awaited, for servers of this package. */
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
  /** The id of the socket. */
  sid: SocketId;
  /** The id with which its client comes back; a secret. */
  pid: PrivateSessionId;
  /** The rooms that it was in. */
  rooms: Room[];
  /** What `socket.data` held. */
  data: unknown;
  /** Where the socket's packets began; for the adapter in memory, others pass it over. */
  since?: string | undefined;
}

export type RestoredSession = SessionToPersist & {
  /** The arguments of the events that the client has missed, with their offsets. */
  missedPackets: unknown[][];
  /** The same, encoded, from adapters that have it so. */
  readonly encodedPackets?: readonly EncodedParts[];
  /**
   * Whether these follow the CONNECT reply, so that a client that is cut off on the way knows how far it got. In Socket.IO they
   * precede it.
   *
   * @default false
   */
  readonly followsReply?: boolean;
  /** Whether the session was ended after it was given back; read when its socket is let in. */
  readonly isRevoked?: boolean;
  /** Whether another connection of the client has the session by now; read when its socket is let in. */
  readonly isLost?: boolean;
  /** How long the client was away, in milliseconds, from adapters that know it. */
  readonly away?: number | undefined;
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
  /** The id of the socket. */
  id: SocketId;
  /** The handshake of its connection. */
  handshake: Handshake;
  /** The rooms that it is in. */
  rooms: Room[] | Set<Room>;
  /** What `socket.data` holds. */
  data: unknown;
  /** Set on a socket of this server. */
  server?: unknown;
}

export interface Adapter extends EventEmitter {
  /** The ids of sockets by room, on this server. */
  readonly rooms: Map<Room, Set<SocketId>>;
  /** The rooms by id of a socket, on this server. */
  readonly sids: Map<SocketId, Set<Room>>;
  /** Called when the namespace is made. */
  init(): Promise<void> | void;
  /** Called when the namespace or the server ends. */
  close(): Promise<void> | void;
  /** How many servers the cluster has. */
  serverCount(): Promise<number>;
  /** Makes a socket join rooms. */
  addAll(id: SocketId, rooms: Set<Room>): Promise<void> | void;
  /** Makes a socket leave a room. */
  del(id: SocketId, room: Room): Promise<void> | void;
  /** Makes a socket leave all rooms. */
  delAll(id: SocketId): void;
  /** Sends a packet to the sockets that the options name. */
  broadcast(packet: AdapterPacket, opts: BroadcastOptions): Promise<void> | void;
  /** As `broadcast`, and collects acks: first the number of clients, then each answer. */
  broadcastWithAck(
    packet: AdapterPacket,
    opts: BroadcastOptions,
    clientCountCallback: (clientCount: number) => void,
    ack: (...args: unknown[]) => void,
  ): void;
  /** The ids of the sockets in these rooms, or of all. */
  sockets(rooms: Set<Room>): Promise<Set<SocketId>>;
  /** The rooms of a socket. */
  socketRooms(id: SocketId): Set<Room> | undefined;
  /** The sockets that the options name, of all servers. */
  fetchSockets(opts: BroadcastOptions): Promise<SocketDetails[]>;
  /** Makes the sockets that the options name join rooms. */
  addSockets(opts: BroadcastOptions, rooms: Room[]): Promise<void> | void;
  /** Makes the sockets that the options name leave rooms. */
  delSockets(opts: BroadcastOptions, rooms: Room[]): Promise<void> | void;
  /** Disconnects the sockets that the options name. */
  disconnectSockets(opts: BroadcastOptions, close: boolean): Promise<void> | void;
  /** Sends an event to the other servers; a function as last argument gets their answers. */
  serverSideEmit(packet: unknown[]): Promise<void> | void;
  /** Saves the session of a client that was cut off. */
  persistSession(session: SessionToPersist): Promise<void> | void;
  /** May reject; null if there is nothing to restore. The adapter in memory needs no offset. */
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
  /** Whether it may be compressed. */
  compress?: boolean | undefined;
}
