import { V3, V3_IN_BASE64, V4, V4_IN_BASE64, type Dialect } from '../codec/dialect.js';
import { Refusal } from '../http/refusal.js';
import { isFieldValue, queryValue, type EngineRequest } from '../http/engine-request.js';
import type { Session } from '../session/session.js';
import type { TransportName } from '../transport/transport.js';

export interface VerifierRules {
  readonly transports: readonly TransportName[];
  readonly allowUpgrades: boolean;
  readonly allowEIO3: boolean;
}

/** Holds requests against the protocol, without asking any hook. */
export class RequestVerifier {
  constructor(
    private readonly rules: VerifierRules,
    private readonly sessions: ReadonlyMap<string, Session>,
  ) {}

  dialectOf(request: EngineRequest): Dialect | null {
    return dialectOf(request, this.rules.allowEIO3);
  }

  /** The session that a request belongs to, null for a handshake, or why it is refused (protocol, "Error codes"). */
  verify(request: EngineRequest, isUpgrade: boolean): Session | null | Refusal {
    const dialect = this.dialectOf(request);
    if (dialect === null) {
      const protocol = queryValue(request, 'EIO');
      return new Refusal('UNSUPPORTED_PROTOCOL_VERSION', { protocol });
    }
    if (queryValue(request, 'j') !== undefined) return new Refusal('JSONP');
    const transport = queryValue(request, 'transport') as TransportName | undefined;
    if (transport === undefined || transport === 'webtransport' || !this.rules.transports.includes(transport)) {
      return new Refusal('UNKNOWN_TRANSPORT', { transport });
    }
    const { origin = '' } = request.headers;
    if (!isFieldValue(origin)) return new Refusal('INVALID_ORIGIN', { origin });
    const sid = queryValue(request, 'sid');
    return sid === undefined || sid === ''
      ? verifyHandshake(request, transport, isUpgrade)
      : this.#verifySession(request, sid, transport, dialect.protocol, isUpgrade);
  }

  #verifySession(
    request: EngineRequest,
    sid: string,
    transport: TransportName,
    protocol: Dialect['protocol'],
    isUpgrade: boolean,
  ): Session | Refusal {
    const session = this.sessions.get(sid);
    if (session === undefined) return new Refusal('UNKNOWN_SID', { sid });
    if (session.protocol !== protocol) return new Refusal('PROTOCOL_MISMATCH', { protocol });
    if (isUpgrade) return this.#verifyUpgrade(session, transport);
    const previousTransport = session.transport.name;
    if (previousTransport !== transport) return new Refusal('TRANSPORT_MISMATCH', { transport, previousTransport });
    const { method } = request;
    if (method === 'GET' || method === 'POST') return session;
    return new Refusal('BAD_HANDSHAKE_METHOD', { method });
  }

  #verifyUpgrade(session: Session, transport: TransportName): Session | Refusal {
    if (transport !== 'websocket' || !this.rules.allowUpgrades) return new Refusal('TRANSPORT_HANDSHAKE_ERROR');
    return session;
  }
}

function verifyHandshake(request: EngineRequest, transport: TransportName, isUpgrade: boolean): null | Refusal {
  const { method } = request;
  if (method !== 'GET') return new Refusal('BAD_HANDSHAKE_METHOD', { method });
  return (transport === 'websocket') === isUpgrade ? null : new Refusal('TRANSPORT_HANDSHAKE_ERROR');
}

/** The dialect of a request; null if it is none that this server speaks. */
function dialectOf(request: EngineRequest, allowsV3: boolean): Dialect | null {
  const protocol = queryValue(request, 'EIO');
  const isInBase64 = Boolean(queryValue(request, 'b64'));
  if (protocol === '4') return isInBase64 ? V4_IN_BASE64 : V4;
  // Peers of that age may leave their revision out.
  if (!allowsV3 || (protocol !== '3' && protocol !== undefined)) return null;
  return isInBase64 ? V3_IN_BASE64 : V3;
}
