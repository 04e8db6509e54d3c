/**
 * Engine.IO v4 packet types, as the character that starts a text packet (protocol, "Packet encoding").
 *
 * A message is kept encoded from the moment it is sent: a text message is a string that starts with `4`, a binary one
 * is a Buffer. WebSocket frames and polling payloads are made from these two without another object in between.
 */
export const PacketType = {
  OPEN: '0',
  CLOSE: '1',
  PING: '2',
  PONG: '3',
  MESSAGE: '4',
  UPGRADE: '5',
  NOOP: '6',
} as const;

/** A packet that is not a message. */
export type ControlType = '0' | '1' | '2' | '3' | '5' | '6';

/** One packet, ready for a transport. */
export type EncodedPacket = string | Buffer;

const NAMES: Record<string, PacketName> = {
  __proto__: null as never,
  '0': 'open',
  '1': 'close',
  '2': 'ping',
  '3': 'pong',
  '4': 'message',
  '5': 'upgrade',
  '6': 'noop',
};

export type PacketName = 'open' | 'close' | 'ping' | 'pong' | 'message' | 'upgrade' | 'noop';

/** What the `packet` and `packetCreate` events of a session carry. */
export interface PacketRecord {
  type: PacketName;
  data?: string | Buffer;
  /** Of packets on their way out. */
  options?: {
    compress: boolean;
    /** The frame of a packet that goes to many, made before it is sent. */
    wsPreEncodedFrame?: (string | Buffer)[];
  };
}

/** Describes an encoded packet to a listener; only called when there is one. */
export function describePacket(packet: EncodedPacket): PacketRecord {
  if (typeof packet !== 'string') return { type: 'message', data: packet };
  const type = NAMES[packet[0]];
  return packet.length > 1 ? { type, data: packet.slice(1) } : { type };
}

export function isControlType(type: string): type is ControlType {
  return type.length === 1 && type >= '0' && type <= '6' && type !== '4';
}
