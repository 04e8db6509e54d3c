export { Server, type UnknownNamesListener } from './server.js';
export { Namespace, type NamespaceOf } from './namespace.js';
export { ParentNamespace, type NamespaceMatcher } from './parent-namespace.js';
export { Socket, type SocketReservedEvents } from './socket.js';
export type { SocketOf, SocketTypes } from './socket-of.js';
export { BroadcastOperator } from './broadcast/broadcast-operator.js';
export type { BroadcastTarget } from './broadcast/broadcast-target.js';
export { Broadcasting, type Everyone, type TimedEveryone } from './broadcast/broadcasting.js';
export { PartialNamespace } from './broadcast/partial-namespace.js';
export { PartialOperator, type PartialResponses, type PartialSockets } from './broadcast/partial-operator.js';
export { RemoteSocket } from './broadcast/remote-socket.js';
export type { Connection } from './connection.js';
export type { Client } from './client/client.js';
export type { Handshake } from './client/handshake.js';
export type { DisconnectDetails, DisconnectReason } from './client/disconnect-reason.js';
export type { ServerStats } from './server-stats.js';
export {
  resolveRate,
  resolveRateAction,
  type RateLimitAction,
  type RateLimitOptions,
  type RateOptions,
} from './inbound/rate-limit.js';
export { rateLimited } from './inbound/rate-limit.js';
export { AckError, type ErrorAck, type SocketIoErrorCode } from './acks/ack-error.js';
export { OverflowError } from './client/overflow-error.js';
export type { IdentifyOptions } from './client/identity.js';
export { UserTarget } from './broadcast/user-target.js';
export {
  matchesRoom,
  type PresenceChange,
  type PresenceOptions,
  type RoomPattern,
} from './presence/presence-options.js';
export { PresenceTarget, type PresentKey } from './presence/presence-target.js';
export type { ExtendedError } from './inbound/middleware.js';
export { AckReply, type AckSender } from './acks/ack-reply.js';
export { RESERVED_EVENTS, assertEmittable } from './events/reserved-events.js';
export { emitByIds } from './broadcast/emit-by-id.js';
export { HandlerTable, type EventHandler } from './inbound/handler-table.js';
export type { Event } from './inbound/inbound-events.js';
export { emitterAdapter, type ClusterEmitter } from './adapter/emitter-adapter.js';
export { MemoryAdapter, type AdapterNamespace, type AdapterSocket } from './adapter/memory-adapter.js';
export type {
  Adapter,
  // Under a name that is free where `Adapter` is the class, as in the package `socket.io-adapter`.
  Adapter as AnyAdapter,
  AdapterConstructor,
  AdapterPacket,
  BroadcastFlags,
  BroadcastOptions,
  AckTerms,
  PrivateSessionId,
  RecoverableSocket,
  RestoredSession,
  Room,
  SessionAdapter,
  SessionToPersist,
  SocketDetails,
  SocketId,
} from './adapter/adapter.js';
export type { Parser, ParserDecoder, ParserEncoder } from './codec/parser.js';
export { insertAttachments } from './codec/attachments.js';
export { EventMeasure } from './inbound/event-measure.js';
export type { WaitingEvent } from './inbound/waiting-event.js';
export { argsOf, decodeParts, decodeValues, encodeParts, encodeValues, withArgument } from './codec/value-text.js';
export { MemoryClaims, type Claim, type Claims } from './cluster/claims.js';
export { encodePacket } from './codec/packet-encoder.js';
export { PacketType, type EncodedParts, type Packet } from './codec/packet.js';
export {
  MODULE_DEFAULTS,
  SERVER_DEFAULTS,
  resolveServerOptions,
  type ResolvedServerOptions,
  type ServerDefaults,
  type ServerOptions,
} from './server-options.js';
export type {
  AllButLast,
  DecorateAcknowledgements,
  DecorateAcknowledgementsWithMultipleResponses,
  DefaultEventsMap,
  EventNames,
  EventNamesWithAck,
  EventNamesWithoutAck,
  EventParams,
  EventsMap,
  FirstNonErrorArg,
  Last,
} from './events/typed-events.js';
export {
  EngineErrorCode,
  EngineServer,
  OptionError,
  OptionReader,
  Rate,
  Session,
  Timer,
  TokenBucket,
  addressKey,
  KEPT_HEADERS,
  keepHeadersOf,
  keepPresent,
  matchesPath,
  onResponseAbort,
  parseEngineRequest,
  pickCorsOptions,
  type AttachOptions,
  type CloseReason,
  type ConnectionError,
  type CorsOptions,
  type EngineOptions,
  type FlushPolicy,
  type EngineRequest,
  type EngineSession,
  type EngineStats,
  type HttpExchange,
  type HttpHeaders,
  type Transport,
  type TransportName,
} from '../engine/index.js';
