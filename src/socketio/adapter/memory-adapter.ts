import { EventEmitter } from 'node:events';
import { callListeners, type ForeignErrorSink } from '../../common/call-foreign.js';
import type { DisconnectDetails } from '../client/disconnect-reason.js';
import type { EncodedParts, Packet } from '../codec/packet.js';
import type { WriteOptions } from './adapter.js';
import type {
  Adapter,
  AdapterPacket,
  BroadcastOptions,
  PrivateSessionId,
  RestoredSession,
  Room,
  SessionToPersist,
  SocketDetails,
  SocketId,
} from './adapter.js';

/** A namespace, as its adapter sees it. */
export interface AdapterNamespace {
  /** The name of the namespace. */
  readonly name: string;
  /** Its sockets on this server, by id. */
  readonly sockets: ReadonlyMap<SocketId, AdapterSocket>;
  /** The server, with the encoder of packets. */
  readonly server: ForeignErrorSink<undefined> & { readonly encoder: { encode(packet: Packet): EncodedParts } };
  /** The next ack id; shared by all sockets of the namespace. */
  _ids: number;
}

export interface AdapterSocket extends SocketDetails {
  /** The rooms that it is in. */
  readonly rooms: Set<Room>;
  /** Its connection, which packets are written to. */
  readonly client: { writeToEngine(packets: EncodedParts, options: WriteOptions): void };
  /** Remembers who is to be told of the ack; a published adapter sets it on `acks` itself. */
  readonly acks: { set(id: number, ack: (...args: unknown[]) => void): unknown };
  /** Tells the listeners of `onAnyOutgoing`. */
  notifyOutgoingListeners(packet: { data?: unknown }): void;
  /** Makes it join rooms. */
  join(rooms: Room[]): Promise<void> | void;
  /** Makes it leave a room. */
  leave(room: Room): Promise<void> | void;
  /** Disconnects it. */
  disconnect(close?: boolean): unknown;
  /** Ends the connection, so that its client connects again. */
  closeConnection(details: DisconnectDetails): void;
}

/**
 * Rooms and broadcasts of one server, in memory: the default. A broadcast is encoded once; the connections share what
 * was encoded and frame it once.
 *
 * Events: `create-room`, `delete-room` (room), `join-room`, `leave-room` (room, socket id).
 */
export class MemoryAdapter extends EventEmitter implements Adapter {
  readonly rooms = new Map<Room, Set<SocketId>>();
  readonly sids = new Map<SocketId, Set<Room>>();

  /** The namespace of the adapter. */
  readonly nsp: AdapterNamespace;

  constructor(nsp: AdapterNamespace) {
    super();
    this.nsp = nsp;
  }

  init(): void {}

  close(): Promise<void> | void {}

  serverCount(): Promise<number> {
    return Promise.resolve(1);
  }

  addAll(id: SocketId, rooms: Set<Room>): void {
    let joined = this.sids.get(id);
    if (joined === undefined) this.sids.set(id, (joined = new Set()));
    for (const room of rooms) {
      // A listener may have ended the socket.
      if (this.sids.get(id) !== joined) return;
      joined.add(room);
      this.#join(room, id);
    }
  }

  del(id: SocketId, room: Room): void {
    this.sids.get(id)?.delete(room);
    this.#leave(room, id);
  }

  delAll(id: SocketId): void {
    const joined = this.sids.get(id);
    if (joined === undefined) return;
    // First, so that a listener that puts the socket back into a room does so for good.
    this.sids.delete(id);
    for (const room of joined) if (!this.sids.get(id)?.has(room)) this.#leave(room, id);
  }

  broadcast(packet: AdapterPacket, opts: BroadcastOptions): void {
    const named = packet as Packet;
    named.nsp = this.nsp.name;
    this.deliver(packet, this.nsp.server.encoder.encode(named), opts);
  }

  /** Writes a packet that is encoded to whom it is for. */
  protected deliver(packet: AdapterPacket, encoded: EncodedParts, opts: BroadcastOptions): void {
    const { flags } = opts;
    const options: WriteOptions = { preEncoded: true, volatile: flags.volatile, compress: flags.compress };
    this.apply(opts, (socket) => {
      socket.notifyOutgoingListeners(packet);
      socket.client.writeToEngine(encoded, options);
    });
  }

  broadcastWithAck(
    packet: AdapterPacket,
    opts: BroadcastOptions,
    clientCountCallback: (clientCount: number) => void,
    ack: (...args: unknown[]) => void,
  ): void {
    const { flags } = opts;
    const options: WriteOptions = { preEncoded: true, volatile: flags.volatile, compress: flags.compress };
    const { type, data } = packet;
    const nsp = (packet.nsp = this.nsp.name);
    const id = (packet.id = this.nsp._ids++);
    const encoded = this.nsp.server.encoder.encode({ type, nsp, data, id });
    let count = 0;
    this.apply(opts, (socket) => {
      count++;
      socket.acks.set(id, ack);
      socket.notifyOutgoingListeners(packet);
      socket.client.writeToEngine(encoded, options);
    });
    clientCountCallback(count);
  }

  sockets(rooms: Set<Room>): Promise<Set<SocketId>> {
    const ids = new Set<SocketId>();
    this.apply({ rooms, except: new Set(), flags: {} }, (socket) => ids.add(socket.id));
    return Promise.resolve(ids);
  }

  socketRooms(id: SocketId): Set<Room> | undefined {
    return this.sids.get(id);
  }

  fetchSockets(opts: BroadcastOptions): Promise<SocketDetails[]> {
    const sockets: SocketDetails[] = [];
    this.apply(opts, (socket) => sockets.push(socket));
    return Promise.resolve(sockets);
  }

  addSockets(opts: BroadcastOptions, rooms: Room[]): void {
    this.apply(opts, (socket) => void socket.join(rooms));
  }

  delSockets(opts: BroadcastOptions, rooms: Room[]): void {
    this.apply(opts, (socket) => {
      for (const room of rooms) void socket.leave(room);
    });
  }

  disconnectSockets(opts: BroadcastOptions, close: boolean): void {
    this.apply(opts, (socket) => void socket.disconnect(close));
  }

  serverSideEmit(packet: unknown[]): void {
    const ack = packet.at(-1);
    if (typeof ack === 'function') {
      ack(null, []);
      return;
    }
    process.emitWarning(
      'serverSideEmit() reaches no server: the adapter in memory has no others. Use an adapter for clusters',
      {
        code: 'SOCKETIO_NO_CLUSTER',
      },
    );
  }

  persistSession(_session: SessionToPersist): void {}

  restoreSession(_pid: PrivateSessionId, _offset: string | undefined): Promise<RestoredSession | null> | null {
    return null;
  }

  #join(room: Room, id: SocketId): void {
    let members = this.rooms.get(room);
    if (members === undefined) {
      this.rooms.set(room, (members = new Set()));
      this.#tell('create-room', room);
    }
    if (members.has(id)) return;
    members.add(id);
    this.#tell('join-room', room, id);
  }

  #leave(room: Room, id: SocketId): void {
    const members = this.rooms.get(room);
    if (members === undefined) return;
    if (members.delete(id)) this.#tell('leave-room', room, id);
    if (members.size === 0 && this.rooms.delete(room)) this.#tell('delete-room', room);
  }

  #tell(event: string, ...args: unknown[]): void {
    callListeners(this, event, args, this.nsp.server, undefined);
  }

  /**
   * Visits each socket of the rooms, or of the namespace, once: those that are there when it begins, since a visit may
   * call listeners that join and leave. Linear in the members of the rooms named (the copy costs about 2 ns a member).
   */
  protected apply(opts: BroadcastOptions, visit: (socket: AdapterSocket) => void): void {
    const excluded = this.#membersOf(opts.except);
    for (const id of this.#targetsOf(opts.rooms)) this.#visit(id, excluded, visit);
  }

  #targetsOf(rooms: Set<Room>): SocketId[] {
    if (rooms.size === 0) return [...this.sids.keys()];
    if (rooms.size > 1) return [...(this.#membersOf(rooms) ?? [])];
    const [room] = rooms;
    return [...(this.rooms.get(room) ?? [])];
  }

  #visit(id: SocketId, excluded: Set<SocketId> | null, visit: (socket: AdapterSocket) => void): void {
    if (excluded !== null && excluded.has(id)) return;
    const socket = this.nsp.sockets.get(id);
    if (socket !== undefined) visit(socket);
  }

  #membersOf(rooms: Set<Room> | undefined): Set<SocketId> | null {
    if (rooms === undefined || rooms.size === 0) return null;
    const members = new Set<SocketId>();
    for (const room of rooms) for (const id of this.rooms.get(room) ?? []) members.add(id);
    return members;
  }
}
