import { extractAttachments, isPlain } from './attachments.js';
import { PacketType, type EncodedParts, type Packet } from './packet.js';

/** An event as text, or with its attachments (protocol, "Packet encoding"). `id` is undefined if no ack is asked. */
export function encodeEvent(nsp: string, args: readonly unknown[], id: number | undefined): string | EncodedParts {
  if (isPlain(args)) return `2${prefix(nsp, id)}${JSON.stringify(args)}`;
  return encodeExtracted(PacketType.EVENT, nsp, args, id);
}

export function encodeAck(nsp: string, args: readonly unknown[], id: number): string | EncodedParts {
  if (isPlain(args)) return `3${prefix(nsp, id)}${JSON.stringify(args)}`;
  return encodeExtracted(PacketType.ACK, nsp, args, id);
}

/** Any packet, for parsers and adapters: parts in the order in which they are sent. */
export function encodePacket(packet: Packet): EncodedParts {
  const { type, nsp, data, id } = packet;
  const isEvent = type === PacketType.EVENT || type === PacketType.BINARY_EVENT;
  if (isEvent || type === PacketType.ACK || type === PacketType.BINARY_ACK) {
    const args = data as unknown[];
    const encoded = isEvent ? encodeEvent(nsp, args, id) : encodeAck(nsp, args, id as number);
    return typeof encoded === 'string' ? [encoded] : encoded;
  }
  return [`${type}${prefix(nsp, id)}${data === undefined ? '' : JSON.stringify(data)}`];
}

/** Where the ack of an encoded event goes; null if it asks for none. */
export function ackAskedBy(header: string): { nsp: string; id: number } | null {
  const match = /^(?:2|5\d+-)(?:(\/[^,]*),)?(\d+)\[/.exec(header);
  return match === null ? null : { nsp: match[1] ?? '/', id: Number(match[2]) };
}

/** Values that JSON alone does not encode. */
function encodeExtracted(
  type: typeof PacketType.EVENT | typeof PacketType.ACK,
  nsp: string,
  args: readonly unknown[],
  id: number | undefined,
): string | EncodedParts {
  const { value, attachments } = extractAttachments(args);
  const body = prefix(nsp, id) + JSON.stringify(value);
  if (attachments.length === 0) return type + body;
  const binaryType = type === PacketType.EVENT ? PacketType.BINARY_EVENT : PacketType.BINARY_ACK;
  return [`${binaryType}${attachments.length}-${body}`, ...attachments];
}

/** The root namespace is not named on the wire. */
function prefix(nsp: string, id: number | undefined): string {
  const name = nsp === '/' ? '' : `${nsp},`;
  return id === undefined ? name : name + id;
}
