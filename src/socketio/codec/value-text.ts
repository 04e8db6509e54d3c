import { insertAttachments } from './attachments.js';
import { encodePacket } from './packet-encoder.js';
import { PacketType, type EncodedParts } from './packet.js';

/** A list of values as text; bytes in it travel as base64 behind it. */
export function encodeValues(values: readonly unknown[]): string {
  return encodeParts(encodePacket({ type: PacketType.EVENT, nsp: '/', data: values }));
}

export function decodeValues(encoded: string): unknown[] {
  return argsOf(decodeParts(encoded), '/');
}

/** An encoded packet as one text. */
export function encodeParts([text, ...attachments]: EncodedParts): string {
  return JSON.stringify([text, ...attachments.map((bytes) => (bytes as Buffer).toString('base64'))]);
}

export function decodeParts(encoded: string): EncodedParts {
  const [text, ...attachments] = JSON.parse(encoded) as string[];
  return [text, ...attachments.map((bytes) => Buffer.from(bytes, 'base64'))];
}

/** The arguments of an event that this package's own codec has encoded for a namespace. */
export function argsOf([text, ...attachments]: EncodedParts, nsp: string): unknown[] {
  const header = text as string;
  const type = attachments.length === 0 ? 1 : header.indexOf('-') + 1;
  const start = type + (nsp === '/' ? 0 : nsp.length + 1);
  const args: unknown = JSON.parse(header.slice(start));
  return attachments.length === 0
    ? (args as unknown[])
    : (insertAttachments(args, attachments as Buffer[]) as unknown[]);
}

/** The same event with one more argument. Text is enough: nothing is read or encoded again. */
export function withArgument([text, ...attachments]: EncodedParts, argument: string): EncodedParts {
  return [`${(text as string).slice(0, -1)},"${argument}"]`, ...attachments];
}
