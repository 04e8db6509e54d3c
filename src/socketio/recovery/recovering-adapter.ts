import { TimerWheel, randomId } from '../../engine/index.js';
import type {
  AdapterPacket,
  BroadcastOptions,
  PrivateSessionId,
  RestoredSession,
  SessionAdapter,
  SessionToPersist,
} from '../adapter/adapter.js';
import { MemoryAdapter, type AdapterNamespace } from '../adapter/memory-adapter.js';
import { PacketLog } from './packet-log.js';

interface RecoveringNamespace extends AdapterNamespace {
  readonly server: AdapterNamespace['server'] & {
    readonly opts: { readonly connectionStateRecovery?: { readonly maxDisconnectionDuration?: number } };
  };
}

/** The default adapter where connection state recovery is on: keeps what was broadcast, and who left without meaning to. */
export class RecoveringAdapter extends MemoryAdapter implements SessionAdapter {
  readonly #log: PacketLog;
  readonly #sessions = new Map<PrivateSessionId, SessionToPersist>();

  constructor(nsp: RecoveringNamespace) {
    super(nsp);
    const { maxDisconnectionDuration = 120_000 } = nsp.server.opts.connectionStateRecovery ?? {};
    this.#log = new PacketLog(randomId().slice(0, 8), maxDisconnectionDuration);
  }

  openSession(): string {
    return this.#log.end;
  }

  override broadcast(packet: AdapterPacket, opts: BroadcastOptions): void {
    // An ack cannot be asked again, and a volatile packet is not worth keeping.
    if (packet.id === undefined && !opts.flags.volatile) this.#log.append(packet.data, opts, TimerWheel.now());
    super.broadcast(packet, opts);
  }

  override persistSession(session: SessionToPersist): void {
    this.#sessions.set(session.pid, session);
  }

  forgetSession(pid: PrivateSessionId): void {
    this.#sessions.delete(pid);
    this.#log.trim(TimerWheel.now());
  }

  /** Gives a session back, once. Without an offset: everything since the socket connected. */
  override restoreSession(pid: PrivateSessionId, offset: string | undefined): Promise<RestoredSession | null> {
    const session = this.#sessions.get(pid);
    const from = offset ?? session?.since;
    if (session === undefined || from === undefined || !this.#log.reaches(from, TimerWheel.now())) {
      return Promise.resolve(null);
    }
    this.#sessions.delete(pid);
    const log = this.#log;
    return Promise.resolve({
      ...session,
      // Read when the socket is let in: what is broadcast while middlewares decide is missed as well.
      get missedPackets() {
        return log.since(from, session.rooms);
      },
    });
  }
}
