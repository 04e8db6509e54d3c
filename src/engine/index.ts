export { EngineServer, type ConnectionError, type OtherAnswer } from './engine-server.js';
export {
  ENGINE_DEFAULTS,
  resolveEngineOptions,
  type AllowRequest,
  type EngineOptions,
  type FlushPolicy,
  type ResolvedEngineOptions,
} from './engine-options.js';
export type { CorsDelegate, CorsOptions, CorsSetting } from './cors-options.js';
export { parseEngineRequest, parseQuery, type EngineRequest, type RequestSummary } from './engine-request.js';
export {
  ENGINE_CODES,
  EngineErrorCode,
  REFUSALS,
  SESSION_CODES,
  UPGRADE_CODES,
  type RefusalName,
} from './engine-error.js';
export { Tally, type EngineStats } from './engine-stats.js';
export { Rate, TokenBucket } from './token-bucket.js';
export { addressKey } from './address-key.js';
export type { TrustProxy } from './http/proxy-trust.js';
export { closeDetail, type CloseDetail, type CloseReason } from './close-reason.js';
export { OptionError, OptionReader } from './option-reader.js';
export { PROTOCOL_ERROR_CODES, ProtocolError, type ProtocolErrorCode } from './protocol-error.js';
export { Session, messageSize, type SessionReceiver } from './session.js';
export { adoptSession, type ForeignEngine } from './foreign-session.js';
export type { ForeignSocket } from './transport/foreign-transport.js';
export { runSteps } from './step-chain.js';
export { generateSessionId } from './session-id.js';
export { LazyEmitter } from './lazy-emitter.js';
export { Timer, TimerEntry, TimerWheel } from './timer-wheel.js';
export { SharedPacket } from './transport/shared-packet.js';
export type { Transport, TransportName } from './transport/transport.js';
export type { WebTransportSession, WebTransportStream } from './transport/webtransport-session.js';
export { matchesPath, type HttpAttachment } from './http/http-attachment.js';
export { negotiateEncoding } from './http/compression.js';
export type { HttpExchange, HttpHeaders } from './http/http-exchange.js';
export { onResponseAbort } from './http/response-abort.js';
export type { HttpMiddleware } from './http/middleware.js';
