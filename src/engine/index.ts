export type { NodeOptions } from './http/session-handover.js';
export { EngineServer, type AttachOptions, type OtherAnswer } from './engine-server.js';
export {
  ENGINE_DEFAULTS,
  resolveEngineOptions,
  resolvesToPublic,
  type EngineDefaults,
  type EngineOptions,
  type FlushPolicy,
  type ResolvedEngineOptions,
} from './engine-options.js';
export type { AllowRequest } from './handshake/handshake-decision.js';
export type { ConnectionError } from './http/refusal-writer.js';
export { pickCorsOptions, type CorsDelegate, type CorsOptions, type CorsSetting } from './http/cors-options.js';
export { parseEngineRequest, parseQuery, type EngineRequest, type RequestSummary } from './http/engine-request.js';
export { defineLookup, isLookedUp } from './http/held-texts.js';
export { ENGINE_CODES } from './engine-codes.js';
export { EngineErrorCode, REFUSALS, type RefusalName } from './http/refusal.js';
export { UPGRADE_CODES, type UpgradeCode } from './session/upgrade.js';
export { Tally, type EngineStats } from './engine-stats.js';
export { Rate, TokenBucket } from '../common/token-bucket.js';
export { addressKey } from '../common/address-key.js';
export type { TrustProxy } from './http/proxy-trust.js';
export {
  SESSION_CODES,
  closeDetail,
  type CloseDetail,
  type CloseReason,
  type EndCode,
} from './transport/close-reason.js';
export { OptionError, OptionReader } from '../common/option-reader.js';
export { PROTOCOL_ERROR_CODES, ProtocolError, type ProtocolErrorCode } from './codec/protocol-error.js';
export type { EngineSession, SessionListener } from './session/engine-session.js';
export { Session, messageSize } from './session/session.js';
export { adoptSession, type ForeignEngine } from './session/foreign-session.js';
export type { ForeignSocket } from './transport/foreign-transport.js';
export { runChain } from '../common/middleware-chain.js';
export { randomId } from '../common/random-id.js';
export { LazyEmitter } from '../common/lazy-emitter.js';
export { Timer, TimerEntry, TimerWheel } from '../common/timer-wheel.js';
export { SharedPacket } from './codec/shared-packet.js';
export type { Transport, TransportName } from './transport/transport.js';
export type { WebTransportSession, WebTransportStream } from './transport/webtransport/webtransport-session.js';
export { matchesPath, type Attachment } from './http/http-attachment.js';
export { negotiateEncoding } from './http/content-encoding.js';
export { KEPT_HEADERS, keepHeadersOf, keepPresent } from './http/header-fields.js';
export type { HttpExchange, HttpHeaders } from './http/http-exchange.js';
export { onResponseAbort } from './http/response-abort.js';
export type { HttpMiddleware } from './http/http-middleware.js';
