import type { IncomingMessage } from 'node:http';
import { callListeners, type ForeignErrorSink } from '../../common/call-foreign.js';
import { parseEngineRequest } from '../http/engine-request.js';
import type { SendLimits } from './send-limits.js';
import { PingGroups } from './ping-groups.js';
import type { SessionContext, SessionCounters } from './engine-session.js';
import { Session } from './session.js';
import type { TimerWheel } from '../../common/timer-wheel.js';
import { ForeignTransport, type ForeignSocket } from '../transport/foreign-transport.js';

/** An Engine.IO server that is none of this package: the one of the package `engine.io`, or one with its interface. */
export interface ForeignEngine {
  /** `connection` hands over each session. */
  on(event: 'connection', listener: (socket: ForeignSocket) => void): unknown;
  /** Ends its sessions; called when the server closes. */
  close?(): unknown;
}

/**
 * A session of another Engine.IO server in the shape of one of this package.
 *
 * Handshake, heartbeat, upgrades and all bounds are the other server's. What it tells of them is passed on: `upgrade`,
 * `heartbeat`, the pings that it sends.
 *
 * @throws TypeError for what is no such session
 */
export function adoptSession(
  socket: ForeignSocket & { readonly request?: IncomingMessage },
  wheel: TimerWheel,
  sink: ForeignErrorSink<string>,
): Session {
  if (typeof socket?.write !== 'function' || typeof socket.on !== 'function' || typeof socket.id !== 'string') {
    throw new TypeError(
      'onconnection() takes a session of an Engine.IO server: an object with id, transport, write(), close() and on()',
    );
  }
  const request = socket.request === undefined ? null : parseEngineRequest(socket.request);
  const session = new Session(
    socket.id,
    new ForeignHost(wheel, sink, socket.server),
    new ForeignTransport(socket),
    request,
    socket.remoteAddress ?? '',
    socket.protocol === 3 ? 3 : 4,
  );
  socket.on('upgrade', () => {
    session.upgraded = true;
    callListeners(session, 'upgrade', [session.transport], sink, 'upgrade');
  });
  socket.on('heartbeat', () => {
    session.receiver?.onPong();
    callListeners(session, 'heartbeat', [], sink, 'heartbeat');
  });
  socket.on('packetCreate', ({ type }: { type?: string }) => {
    if (type === 'ping') session.onPingDue();
  });
  return session;
}

/** Never read: the other server counts its own packets. */
const UNREAD: SessionCounters = { packetsIn: 0, packetsOut: 0, dropped: 0 };

/** Nothing is counted, bounded or timed. */
class ForeignHost implements SessionContext {
  readonly pingGroups = new PingGroups(Infinity);
  readonly pingTimeout = Infinity;
  readonly upgradeTimeout = Infinity;
  readonly sendLimits = UNBOUNDED;
  readonly keepsRequests = true;
  readonly counters = UNREAD;

  constructor(
    readonly wheel: TimerWheel,
    private readonly sink: ForeignErrorSink<string>,
    readonly server: unknown,
  ) {}

  onForeignError(error: unknown, about: string): void {
    this.sink.onForeignError(error, about);
  }

  openPacketTail(): string {
    return '';
  }

  onTransportChange(): void {}

  onUpgradeFailed(): void {}

  onSessionClose(): void {}
}

const UNBOUNDED: SendLimits = Object.freeze({
  bytes: Infinity,
  hardBytes: Infinity,
  packets: Object.freeze({ polling: Infinity, websocket: Infinity, webtransport: Infinity }),
  timeout: Infinity,
  drops: false,
  quietBytes: Infinity,
});
