import { PacketError } from './packet-error.js';

/** Whether a value contains bytes, which then travel as attachments. Follows `toJSON` as JSON does. */
export function hasBinary(value: unknown): boolean {
  return containsBinary(value, 0);
}

/** Takes the bytes out of a value: a copy with placeholders, and the bytes in the order of their numbers. */
export function extractAttachments(value: unknown): { value: unknown; attachments: Buffer[] } {
  const attachments: Buffer[] = [];
  return { value: withPlaceholders(value, attachments), attachments };
}

/**
 * Puts the bytes back where their placeholders stand, in place: the value comes from JSON and belongs to nobody else.
 *
 * @throws ProtocolError for a number that names no attachment, one named twice, or one that nothing names
 */
export function insertAttachments(value: unknown, attachments: readonly Buffer[]): unknown {
  const used = new Array<boolean>(attachments.length).fill(false);
  const restored = withBytes(value, attachments, used);
  if (used.includes(false)) throw new PacketError('INVALID_PLACEHOLDER', 'an attachment that no placeholder names');
  return restored;
}

function containsBinary(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (toBuffer(value) !== null) return true;
  // Deeper than any receiver takes, most likely a cycle, which JSON.stringify reports in its own words.
  if (depth > MAX_DEPTH) return false;
  if (Array.isArray(value)) {
    for (const item of value) if (containsBinary(item, depth + 1)) return true;
    return false;
  }
  if (hasToJson(value)) return containsBinary(value.toJSON(), depth + 1);
  for (const key in value) {
    if (Object.hasOwn(value, key) && containsBinary((value as Record<string, unknown>)[key], depth + 1)) return true;
  }
  return false;
}

function withPlaceholders(value: unknown, attachments: Buffer[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const bytes = toBuffer(value);
  if (bytes !== null) return { _placeholder: true, num: attachments.push(bytes) - 1 };
  if (Array.isArray(value)) return value.map((item) => withPlaceholders(item, attachments));
  if (hasToJson(value)) return withPlaceholders(value.toJSON(), attachments);
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    // Defined, not assigned: a key called __proto__ is data.
    Object.defineProperty(copy, key, {
      value: withPlaceholders(item, attachments),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return copy;
}

function withBytes(value: unknown, attachments: readonly Buffer[], used: boolean[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = withBytes(value[i], attachments, used);
    return value;
  }
  const record = value as Record<string, unknown>;
  if (record._placeholder === true) return takeAttachment(record.num, attachments, used);
  for (const key of Object.keys(record)) {
    const item = record[key];
    if (typeof item === 'object' && item !== null && key !== '__proto__')
      record[key] = withBytes(item, attachments, used);
  }
  return record;
}

function takeAttachment(num: unknown, attachments: readonly Buffer[], used: boolean[]): Buffer {
  if (!Number.isInteger(num) || (num as number) < 0 || (num as number) >= attachments.length) {
    throw new PacketError('INVALID_PLACEHOLDER', 'a placeholder that names no attachment');
  }
  const index = num as number;
  if (used[index]) throw new PacketError('INVALID_PLACEHOLDER', 'an attachment used twice');
  used[index] = true;
  return attachments[index];
}

function toBuffer(value: object): Buffer | null {
  if (Buffer.isBuffer(value)) return value;
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return value instanceof ArrayBuffer ? Buffer.from(value) : null;
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return typeof (value as { toJSON?: unknown }).toJSON === 'function';
}

/** Shallow enough for the stack frames of code that nothing has optimized yet. */
const MAX_DEPTH = 1_000;
