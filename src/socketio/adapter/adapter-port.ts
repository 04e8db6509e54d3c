import { askForeign, callForeign, callWatched, watch, type ForeignErrorSink } from '../../common/call-foreign.js';
import { Timer, type TimerWheel } from '../../common/timer-wheel.js';
import type {
  Adapter,
  AdapterPacket,
  BroadcastOptions,
  PrivateSessionId,
  RecoverableSocket,
  RestoredSession,
  Room,
  SessionAdapter,
  SessionToPersist,
  SocketDetails,
  SocketId,
} from './adapter.js';
import { closeAdapter } from './close-adapter.js';
import { guardClusterAnswers } from './cluster-answers.js';

/** The namespace, as the port of its adapter sees it. */
export interface AdapterHolder extends ForeignErrorSink<undefined> {
  readonly adapter: Adapter;
  readonly wheel: TimerWheel;
}

/**
 * The only caller of a namespace's adapter, which may be anybody's. What it throws, or rejects with, reaches `onError`, or
 * for a question the caller; a promise that a caller gets is watched, so that it need not be awaited. Only an emit throws,
 * since a value that cannot be encoded is its caller's mistake.
 */
export class AdapterPort {
  #isOpen = false;
  #closed: Promise<void> | void = undefined;

  constructor(private readonly holder: AdapterHolder) {}

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** A new adapter is there: prepares it for what other servers ask. */
  open(): void {
    const { adapter } = this.holder;
    this.#isOpen = true;
    guardClusterAnswers(adapter, this.holder);
    callForeign(adapter.init, adapter, [], this.holder, undefined);
  }

  /** Closes the adapter once, however often it is called. */
  close(): Promise<void> | void {
    if (this.#isOpen) {
      this.#isOpen = false;
      this.#closed = callWatched(closeAdapter, null, [this.holder.adapter], this.holder, undefined) as Promise<void>;
    }
    return this.#closed;
  }

  addAll(id: SocketId, rooms: Set<Room>): Promise<void> | void {
    const { adapter } = this.holder;
    return callWatched(adapter.addAll, adapter, [id, rooms], this.holder, undefined) as Promise<void> | void;
  }

  del(id: SocketId, room: Room): Promise<void> | void {
    const { adapter } = this.holder;
    return callWatched(adapter.del, adapter, [id, room], this.holder, undefined) as Promise<void> | void;
  }

  /** The socket is in no room afterwards, even if a listener of the adapter's throws in the middle. */
  delAll(id: SocketId): Promise<void> | void {
    const { adapter } = this.holder;
    const result = callWatched(adapter.delAll, adapter, [id], this.holder, undefined) as Promise<void> | void;
    // An adapter that answers later may still need to know the rooms.
    if (result === undefined || !(adapter.sids instanceof Map) || !adapter.sids.has(id)) return result;
    for (const room of adapter.sids.get(id)!) {
      const members = adapter.rooms.get(room);
      if (members?.delete(id) && members.size === 0) adapter.rooms.delete(room);
    }
    adapter.sids.delete(id);
    return result;
  }

  socketRooms(id: SocketId): Set<Room> {
    const { adapter } = this.holder;
    const rooms = callWatched(adapter.socketRooms, adapter, [id], this.holder, undefined);
    return rooms instanceof Set ? (rooms as Set<Room>) : new Set();
  }

  /** @throws what the adapter throws, such as for a value that cannot be encoded */
  broadcast(packet: AdapterPacket, opts: BroadcastOptions): void {
    const sent: unknown = this.holder.adapter.broadcast(packet, opts);
    if (sent !== undefined) watch(sent, this.holder, undefined);
  }

  /** @throws as `broadcast` */
  broadcastWithAck(
    packet: AdapterPacket,
    opts: BroadcastOptions,
    clientCountCallback: (clientCount: number) => void,
    ack: (...args: unknown[]) => void,
  ): void {
    const sent: unknown = this.holder.adapter.broadcastWithAck(packet, opts, clientCountCallback, ack);
    if (sent !== undefined) watch(sent, this.holder, undefined);
  }

  /** @throws as `broadcast` */
  serverSideEmit(packet: unknown[]): unknown {
    return this.holder.adapter.serverSideEmit(packet);
  }

  serverCount(): Promise<number> {
    return this.#ask(this.holder.adapter.serverCount, []) as Promise<number>;
  }

  sockets(rooms: Set<Room>): Promise<Set<SocketId>> {
    return this.#ask(this.holder.adapter.sockets, [rooms]) as Promise<Set<SocketId>>;
  }

  fetchSockets(opts: BroadcastOptions): Promise<SocketDetails[]> {
    const { timeout } = opts.flags ?? {};
    const limit = timeout === undefined ? ANSWER_MS : timeout + SPARE_MS;
    return this.#ask(this.holder.adapter.fetchSockets, [opts], limit) as Promise<SocketDetails[]>;
  }

  addSockets(opts: BroadcastOptions, rooms: Room[]): Promise<void> {
    return this.#order(this.holder.adapter.addSockets, [opts, rooms]) as Promise<void>;
  }

  delSockets(opts: BroadcastOptions, rooms: Room[]): Promise<void> {
    return this.#order(this.holder.adapter.delSockets, [opts, rooms]) as Promise<void>;
  }

  disconnectSockets(opts: BroadcastOptions, close: boolean): Promise<void> {
    return this.#order(this.holder.adapter.disconnectSockets, [opts, close]) as Promise<void>;
  }

  persistSession(session: SessionToPersist): void {
    const { adapter } = this.holder;
    callForeign(adapter.persistSession, adapter, [session], this.holder, undefined);
  }

  /** Published adapters reject for a session or an offset that they do not know, which is no failure: null. */
  restoreSession(pid: PrivateSessionId, offset: string | undefined): Promise<RestoredSession | null> {
    const { adapter } = this.holder;
    return new Promise<RestoredSession | null>((resolve) => {
      askForeign(adapter.restoreSession, adapter, [pid, offset], (error, session) => {
        resolve(error === null && session ? session : null);
      });
    });
  }

  /** Where the packets of a socket begin, as far as the adapter can tell. */
  openSession(pid: PrivateSessionId, socket: RecoverableSocket, restored: RestoredSession | null): string | undefined {
    const { adapter } = this.holder;
    if (!isSessionAdapter(adapter)) return undefined;
    return callWatched(adapter.openSession, adapter, [pid, socket, restored], this.holder, undefined) as string;
  }

  forgetSession(pid: PrivateSessionId): void {
    const { adapter } = this.holder;
    if (isSessionAdapter(adapter)) callForeign(adapter.forgetSession, adapter, [pid], this.holder, undefined);
  }

  /** What rejects is for the caller that asked, and for no one else; so is an answer that does not come. */
  #ask(method: (...args: never[]) => unknown, args: readonly unknown[], limit = ANSWER_MS): Promise<unknown> {
    const { adapter, wheel } = this.holder;
    const answer = new Promise<unknown>((resolve, reject) => {
      const timer = new Timer(() => reject(new Error(`${adapter.constructor.name} did not answer in time`)));
      wheel.schedule(timer, limit);
      askForeign(method, adapter, args, (error, value) => {
        wheel.cancel(timer);
        if (error === null) resolve(value);
        else reject(error as Error);
      });
    });
    answer.catch(ignore);
    return answer;
  }

  /** Few await what they ordered: what rejects is reported besides. */
  #order(method: (...args: never[]) => unknown, args: readonly unknown[]): Promise<unknown> {
    const done = Promise.resolve(callWatched(method, this.holder.adapter, args, this.holder, undefined));
    done.catch(ignore);
    return done;
  }
}

/** Whether an adapter is of this package, or made for it. */
export function isSessionAdapter(adapter: Adapter): adapter is SessionAdapter {
  return typeof (adapter as Partial<SessionAdapter>).openSession === 'function';
}

/** For adapters without a limit of their own; published ones wait for five seconds. */
const ANSWER_MS = 30_000;
/** For an adapter to say by itself that the time of a question is over. */
const SPARE_MS = 1_000;

function ignore(): void {}
