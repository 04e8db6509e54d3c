/**
 * The channels of `node:diagnostics_channel` that this package publishes on: their names, and the types of what they carry.
 * Subscribers run synchronously, in the middle of what they observe. What one throws becomes an uncaught exception, as with
 * every channel of Node, and does not harm the event. Payloads hold what clients sent, `auth` included: write none of it out.
 */
export { OPERATION_NAMES, POINT_NAMES } from '../common/channels.js';
export type {
  ConnectOperation,
  EmitOperation,
  HandleOperation,
  OperationPayloads,
  PointPayloads,
  ShutdownOperation,
} from './payloads.js';
