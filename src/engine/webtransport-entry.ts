import { randomId } from '../common/random-id.js';
import type { EngineCounters } from './engine-stats.js';
import type { ConnectionLimits } from './handshake/connection-limits.js';
import type { RefusalName } from './http/refusal.js';
import type { Session } from './session/session.js';
import { closeDetail } from './transport/close-reason.js';
import { closeUnclaimed, type Transport } from './transport/transport.js';
import type { WebtransportAcceptor } from './transport/webtransport/webtransport-acceptor.js';
import { closeSession, type WebTransportSession } from './transport/webtransport/webtransport-session.js';

/** The server, as its door for WebTransport sees it. */
export interface WebtransportContext {
  readonly counters: EngineCounters;
  /** Null if handshakes are not limited. */
  readonly limits: ConnectionLimits | null;
  /** Whether the transport is switched on, and no middleware has to see requests. */
  readonly isServed: boolean;
  readonly isAccepting: boolean;
  /** Whether an `allowRequest` would have to be asked, which a session without a request cannot be shown. */
  readonly asksHooks: boolean;
  readonly allowsUpgrades: boolean;
  sessionOf(id: string): Session | undefined;
  open(id: string, transport: Transport): void;
  offer(session: Session, transport: Transport): void;
  warn(message: string): void;
}

/** The way in over WebTransport: a session becomes one of the engine, or the new transport of one that exists. */
export class WebtransportEntry {
  #hasWarned = false;

  constructor(
    private readonly acceptor: WebtransportAcceptor,
    private readonly context: WebtransportContext,
  ) {}

  take(session: WebTransportSession): void {
    if (this.context.isServed) {
      this.acceptor.accept(
        session,
        (transport, sid) => this.#onTransport(transport, sid),
        ({ code }) => this.context.counters.failedUpgrades.add(code),
      );
      return;
    }
    closeSession(session);
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.context.warn(
      'Closed a WebTransport session: the option transports does not have "webtransport", or the engine has middlewares, ' +
        'which could not see it. Further sessions are not logged.',
    );
  }

  close(): void {
    this.acceptor.close();
  }

  #onTransport(transport: Transport, sid: string | null): void {
    const { context } = this;
    if (sid === null) {
      const refusal = this.#decide();
      if (refusal === null) context.open(randomId(), transport);
      else this.#refuse(transport, refusal);
      return;
    }
    const session = context.sessionOf(sid);
    if (session?.protocol === 4 && context.allowsUpgrades) context.offer(session, transport);
    else this.#refuse(transport, session === undefined ? 'UNKNOWN_SID' : 'TRANSPORT_HANDSHAKE_ERROR');
  }

  /** Without a request there is no address to count by, and nothing to ask `allowRequest` about. */
  #decide(): RefusalName | null {
    if (!this.context.isAccepting) return 'SERVER_CLOSING';
    if (this.context.asksHooks) return 'NOT_ALLOWED';
    return this.context.limits?.take('') ?? null;
  }

  /** It has no request that `connection_error` could tell of. */
  #refuse(transport: Transport, name: RefusalName): void {
    this.context.counters.refused.add(name);
    closeUnclaimed(transport, closeDetail(name, 'refused over WebTransport'));
  }
}
