import { holdsTooMuch, isLargerThan, valueDepthExceeds } from './value-bounds.js';
import {
  checkAck,
  checkAckId,
  checkEvent,
  checkNamespace,
  type DecoderLimits,
  type PacketSink,
} from './packet-decoder.js';
import { PacketError } from './packet-error.js';
import { PacketType, type Packet } from './packet.js';

/** Takes the packets of a custom parser. */
export interface ParsedPacketSink extends Pick<PacketSink, 'onConnectPacket' | 'onDisconnect' | 'onAck'> {
  /** An event whose arguments had to be read before it could be asked about. */
  onParsedEvent(nsp: string, args: unknown[], id: number): void;
}

/**
 * Holds a packet that a custom parser decoded against the limits of the own codec, and hands it on.
 *
 * @throws PacketError for a packet beyond them, or out of shape
 */
export function receiveParsedPacket(packet: Packet, limits: DecoderLimits, sink: ParsedPacketSink): void {
  checkNamespace(packet.nsp, limits);
  if (packet.id !== undefined) checkAckId(packet.id);
  const id = packet.id ?? -1;
  switch (packet.type) {
    case PacketType.CONNECT:
      sink.onConnectPacket(packet.nsp, authOf(packet.data, limits));
      return;
    case PacketType.DISCONNECT:
      sink.onDisconnect(packet.nsp);
      return;
    case PacketType.EVENT:
    case PacketType.BINARY_EVENT:
      if (!Array.isArray(packet.data))
        throw new PacketError('INVALID_EVENT', 'the client sent an event without arguments');
      checkEvent(packet.data, limits);
      checkDepth(packet.data, limits);
      sink.onParsedEvent(packet.nsp, packet.data, id);
      return;
    case PacketType.ACK:
    case PacketType.BINARY_ACK:
      if (!Array.isArray(packet.data))
        throw new PacketError('INVALID_PACKET', 'the client sent an ack without arguments');
      checkAck(packet.data, limits);
      checkDepth(packet.data, limits);
      sink.onAck(packet.nsp, packet.data, id);
      return;
    default:
      throw new PacketError('INVALID_PACKET', 'the client sent an unexpected packet type');
  }
}

/** What a custom parser gave as auth: an object, undefined for none, null for anything else or over a limit. */
function authOf(data: unknown, limits: DecoderLimits): Record<string, unknown> | undefined | null {
  if (data === undefined) return undefined;
  if (typeof data !== 'object' || Array.isArray(data)) return null;
  const { maxJsonDepth, maxAuthPayload } = limits;
  if (valueDepthExceeds(data, maxJsonDepth) || isLargerThan(data, maxAuthPayload)) return null;
  if (holdsTooMuch(data, maxAuthPayload, maxAuthPayload)) return null;
  return data as Record<string, unknown> | null;
}

/** @throws PacketError above `maxJsonDepth` */
function checkDepth(args: unknown[], { maxJsonDepth }: DecoderLimits): void {
  if (valueDepthExceeds(args, maxJsonDepth))
    throw new PacketError('JSON_TOO_DEEP', `the client sent a value of more than ${maxJsonDepth} levels`);
}
