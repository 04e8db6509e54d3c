import { messageSize } from '../../engine/index.js';

/** Socket.IO v5 packet types (protocol, "Packet types"). */
export const PacketType = {
  CONNECT: 0,
  DISCONNECT: 1,
  EVENT: 2,
  ACK: 3,
  CONNECT_ERROR: 4,
  BINARY_EVENT: 5,
  BINARY_ACK: 6,
} as const;

export type PacketType = (typeof PacketType)[keyof typeof PacketType];

/** A packet in the form that parsers and adapters exchange. */
export interface Packet {
  /** The type of the packet. */
  type: PacketType;
  /** The name of the namespace. */
  nsp: string;
  /** The payload. */
  data?: unknown;
  /** The id of an ack. */
  id?: number | undefined;
  /** The number of attachments. */
  attachments?: number;
}

/** A packet on its way out: a text part and its attachments, or whatever a custom parser made of it. */
export type EncodedParts = (string | Buffer)[];

/** How many bytes an encoded packet is in a queue: with its attachments, since it is sent as one or dropped as one. */
export function sizeOf(encoded: string | EncodedParts): number {
  if (typeof encoded === 'string') return messageSize(encoded);
  let size = 0;
  for (const part of encoded) size += messageSize(part);
  return size;
}

/** How many messages an encoded packet is. */
export function partsOf(encoded: string | EncodedParts): number {
  return typeof encoded === 'string' ? 1 : encoded.length;
}
