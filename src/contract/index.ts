export { binary, type BinaryData, type BinaryOptions, type BlobLike, type Bytes } from './binary.js';
export {
  defineContract,
  type AnyContract,
  type AnyEntry,
  type Contract,
  type ContractDefinition,
  type ContractMaps,
  type Entry,
  type OutEntry,
} from './contract.js';
export type {
  ArgsOf,
  AuthOf,
  BodyOf,
  ClientEventsOf,
  DataOf,
  EmittedEventsOf,
  ErrorReply,
  HandshakeAuthOf,
  NameOf,
  ReplyOf,
  SentArgsOf,
  ServerEventsOf,
  ServerSideEventsOf,
} from './contract-types.js';
export { event, type EventDefinition, type EventDescription, type NoAck } from './event.js';
export type { StandardSchema } from './standard-schema.js';
export { type, type TypeMarker } from './type.js';
