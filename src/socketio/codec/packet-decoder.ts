import { PacketError } from './packet-error.js';
import { RESERVED_EVENTS } from '../events/reserved-events.js';
import { jsonDepthExceeds } from './json-depth.js';
import { PacketType } from './packet.js';
import { holdsTooMuch } from './value-bounds.js';

/** Bounds of one packet; lengths in UTF-8 bytes. */
export interface DecoderLimits {
  readonly maxEventNameLength: number;
  readonly maxEventArgs: number;
  readonly maxNamespaceLength: number;
  readonly maxAttachments: number;
  readonly maxJsonDepth: number;
  readonly maxAuthPayload: number;
}

/** Where decoded packets go: no packet object is made for them. `id` is −1 where the packet has none. */
export interface PacketSink {
  /** `auth` is undefined if the packet had none, null if it was no JSON object or too large. */
  onConnectPacket(nsp: string, auth: Record<string, unknown> | undefined | null): void;
  onDisconnect(nsp: string): void;
  /** Whether `takesEvent` is to be asked. */
  readonly screensEvents: boolean;
  /** Asked about each event without attachments before its arguments are read: one that is refused is not parsed. */
  takesEvent(nsp: string, name: string, id: number): boolean;
  /**
   * Whether anything reads the arguments of an event; asked about long ones, before they are read. If not, the event comes
   * with its name alone.
   */
  readsEvent(nsp: string, name: string): boolean;
  /** `args` begins with the event's name; the array belongs to the receiver. */
  onEvent(nsp: string, args: unknown[], id: number): void;
  /** An event without arguments, and so without a name: no listener can be meant. */
  onNamelessEvent(nsp: string): void;
  onAck(nsp: string, args: unknown[], id: number): void;
  /** The text part of an event or ack whose `attachments` follow; `args` of an event may be empty as well. */
  onBinary(type: 5 | 6, nsp: string, args: unknown[], id: number, attachments: number): void;
}

/**
 * Decodes the text of one packet and hands it on (protocol, "Packet encoding"):
 * `<type>[<attachments>-][<namespace>,][<ack id>][<JSON>]`.
 * The arguments of an event that the sink does not take, and long ones that it does not read, are not parsed, so a mistake
 * in them is not noticed; the bounds of the name and of the depth hold all the same.
 *
 * @throws ProtocolError for anything that is not such a packet or exceeds a bound
 */
export function decodePacket(text: string, limits: DecoderLimits, sink: PacketSink): void {
  const type = text.charCodeAt(0) - DIGIT_0;
  switch (type) {
    case PacketType.EVENT:
    case PacketType.ACK:
      decodeArguments(text, type, 1, 0, limits, sink);
      return;
    case PacketType.CONNECT:
      decodeConnect(text, limits, sink);
      return;
    case PacketType.DISCONNECT:
      decodeDisconnect(text, limits, sink);
      return;
    case PacketType.BINARY_EVENT:
    case PacketType.BINARY_ACK:
      decodeBinary(text, type, limits, sink);
      return;
    default:
      throw new PacketError(
        'INVALID_PACKET',
        `the client sent an unexpected packet type ${JSON.stringify(text.charAt(0))}`,
      );
  }
}

function decodeArguments(
  text: string,
  type: 2 | 3 | 5 | 6,
  start: number,
  attachments: number,
  limits: DecoderLimits,
  sink: PacketSink,
): void {
  let position = start;
  let nsp = '/';
  if (text.charCodeAt(position) === SLASH) {
    nsp = readNamespace(text, position, limits);
    position += nsp.length + 1;
  }
  const idStart = position;
  position = skipDigits(text, idStart);
  const id = position === idStart ? -1 : readAckId(text, idStart, position);
  // Nothing at all is a payload for the official decoder.
  const isEmpty = position >= text.length;
  if (!isEmpty && text.charCodeAt(position) !== BRACKET)
    throw new PacketError('INVALID_PACKET', 'the client sent a payload that is not an array');
  if (type === PacketType.EVENT) {
    if (isEmpty) sink.onNamelessEvent(nsp);
    else decodeEvent(text, position, nsp, id, limits, sink);
    return;
  }
  const args = isEmpty ? [] : (parseJson(text.slice(position), limits.maxJsonDepth) as unknown[]);
  if (type === PacketType.BINARY_EVENT && !isEmpty) checkEvent(args, limits);
  else checkAck(args, limits);
  if (attachments > 0) sink.onBinary(type as 5 | 6, nsp, args, id, attachments);
  else sink.onAck(nsp, args, id);
}

/** An event whose array begins at `start`. */
function decodeEvent(
  text: string,
  start: number,
  nsp: string,
  id: number,
  limits: DecoderLimits,
  sink: PacketSink,
): void {
  const isNameAlone = hasNameAlone(text, start);
  const isLong = !isNameAlone && text.length - start > LONG_EVENT;
  const name = sink.screensEvents || isNameAlone || isLong ? peekName(text, start) : null;
  if (name === null) {
    const args = parseJson(text.slice(start), limits.maxJsonDepth) as unknown[];
    checkEvent(args, limits);
    if (!sink.screensEvents || sink.takesEvent(nsp, String(args[0]), id)) sink.onEvent(nsp, args, id);
    return;
  }
  checkName(name, limits);
  if (sink.screensEvents && !sink.takesEvent(nsp, name, id)) {
    checkDepth(text.slice(start), limits.maxJsonDepth);
    return;
  }
  if (isLong && !sink.readsEvent(nsp, name)) {
    checkDepth(text.slice(start), limits.maxJsonDepth);
    sink.onEvent(nsp, [name], id);
    return;
  }
  const args = isNameAlone ? [name] : parseJson(text.slice(start), limits.maxJsonDepth);
  checkEvent(args as unknown[], limits);
  sink.onEvent(nsp, args as unknown[], id);
}

/** Whether the array that begins at `start` has one string and nothing else, as far as its quotes tell. */
function hasNameAlone(text: string, start: number): boolean {
  const end = text.length - 2;
  return (
    text.charCodeAt(end) === QUOTE && text.charCodeAt(end + 1) === CLOSE_BRACKET && text.indexOf('"', start + 2) === end
  );
}

/** The event's name without a look at what follows it; null if only a parser can tell. */
function peekName(text: string, start: number): string | null {
  if (text.charCodeAt(start + 1) !== QUOTE) return null;
  const end = text.indexOf('"', start + 2);
  if (end === -1) return null;
  const name = text.slice(start + 2, end);
  return NEEDS_PARSER.test(name) ? null : name;
}

function decodeBinary(text: string, type: 5 | 6, limits: DecoderLimits, sink: PacketSink): void {
  const dash = text.indexOf('-', 1);
  // As the official decoder does: any notation of a number.
  const attachments = dash === -1 ? NaN : Number(text.slice(1, dash));
  if (!Number.isInteger(attachments) || attachments < 1) {
    throw new PacketError('INVALID_PACKET', 'the client sent a binary packet without the number of its attachments');
  }
  if (attachments > limits.maxAttachments) {
    throw new PacketError('TOO_MANY_ATTACHMENTS', `the client sent more than ${limits.maxAttachments} attachments`);
  }
  decodeArguments(text, type, dash + 1, attachments, limits, sink);
}

/** The arguments of a binary packet that was decoded before, once more; placeholders stand where its attachments belong. */
export function binaryArgumentsOf(text: string): unknown[] {
  const start = text.indexOf('-', 1) + 1;
  const position = text.charCodeAt(start) === SLASH ? text.indexOf(',', start) + 1 : start;
  return JSON.parse(text.slice(skipDigits(text, position))) as unknown[];
}

function decodeConnect(text: string, limits: DecoderLimits, sink: PacketSink): void {
  const nsp = namespaceOf(text, limits);
  const position = payloadStart(text, nsp);
  sink.onConnectPacket(nsp, position >= text.length ? undefined : readAuth(text.slice(position), limits));
}

function decodeDisconnect(text: string, limits: DecoderLimits, sink: PacketSink): void {
  const nsp = namespaceOf(text, limits);
  const position = payloadStart(text, nsp);
  if (position < text.length)
    throw new PacketError('INVALID_PACKET', 'the client sent a disconnect packet with a payload');
  sink.onDisconnect(nsp);
}

function namespaceOf(text: string, limits: DecoderLimits): string {
  return text.charCodeAt(1) === SLASH ? readNamespace(text, 1, limits) : '/';
}

/** Behind type, namespace and an id, which no one needs of these packets and they may have. */
function payloadStart(text: string, nsp: string): number {
  return skipDigits(text, text.charCodeAt(1) === SLASH ? nsp.length + 2 : 1);
}

/** Where an id that begins at `start` ends; at `start` if there is none. */
function skipDigits(text: string, start: number): number {
  let position = start;
  for (let code = text.charCodeAt(position); code >= DIGIT_0 && code <= DIGIT_9; code = text.charCodeAt(position))
    position++;
  return position;
}

/** The namespace that begins at `start`: up to the comma, or the whole rest. */
function readNamespace(text: string, start: number, limits: DecoderLimits): string {
  const comma = text.indexOf(',', start);
  const nsp = comma === -1 ? text.slice(start) : text.slice(start, comma);
  checkNamespace(nsp, limits);
  return nsp;
}

function readAckId(text: string, start: number, end: number): number {
  const id = Number(text.slice(start, end));
  checkAckId(end - start <= 16 ? id : Infinity);
  return id;
}

function readAuth(json: string, limits: DecoderLimits): Record<string, unknown> | null {
  if (json.length > limits.maxAuthPayload || Buffer.byteLength(json) > limits.maxAuthPayload) return null;
  if (jsonDepthExceeds(json, limits.maxJsonDepth)) return null;
  try {
    const auth: unknown = JSON.parse(json);
    if (typeof auth !== 'object' || auth === null || Array.isArray(auth)) return null;
    // It is kept for as long as its socket.
    return holdsTooMuch(auth, json.length, limits.maxAuthPayload) ? null : (auth as Record<string, unknown>);
  } catch {
    return null;
  }
}

function parseJson(json: string, maxDepth: number): unknown {
  checkDepth(json, maxDepth);
  try {
    return JSON.parse(json);
  } catch {
    throw new PacketError('INVALID_PACKET', 'the client sent a payload that is not JSON');
  }
}

function checkDepth(json: string, maxDepth: number): void {
  if (jsonDepthExceeds(json, maxDepth))
    throw new PacketError('JSON_TOO_DEEP', `the client sent JSON of more than ${maxDepth} levels`);
}

// The bounds below are also held against what a custom parser decoded.

/** @throws ProtocolError for a name that is too long or has control characters */
export function checkNamespace(nsp: string, limits: DecoderLimits): void {
  if (nsp.length > limits.maxNamespaceLength || Buffer.byteLength(nsp) > limits.maxNamespaceLength) {
    throw new PacketError(
      'INVALID_NAMESPACE',
      `the client named a namespace of more than ${limits.maxNamespaceLength} bytes`,
    );
  }
  if (CONTROL_CHARACTERS.test(nsp))
    throw new PacketError('INVALID_NAMESPACE', 'the client named a namespace with control characters');
}

/** @throws ProtocolError for anything but a whole number up to 2^53 − 1 */
export function checkAckId(id: number): void {
  if (!Number.isSafeInteger(id) || id < 0)
    throw new PacketError('INVALID_ACK_ID', 'the client sent an ack id that is not a number up to 2^53 - 1');
}

/** @throws ProtocolError above `maxEventArgs` */
export function checkAck(args: readonly unknown[], limits: DecoderLimits): void {
  if (args.length > limits.maxEventArgs) throw tooManyArguments(limits);
}

/** @throws ProtocolError for a name that is none, is reserved or too long, and above `maxEventArgs` */
export function checkEvent(args: readonly unknown[], limits: DecoderLimits): void {
  const name = args[0];
  if (typeof name === 'string') checkName(name, limits);
  else if (typeof name !== 'number') throw new PacketError('INVALID_EVENT', 'the client sent an event without a name');
  if (args.length - 1 > limits.maxEventArgs) throw tooManyArguments(limits);
}

function checkName(name: string, limits: DecoderLimits): void {
  // A character has at most 3 bytes, so most names need not be measured.
  if (name.length * 3 > limits.maxEventNameLength && Buffer.byteLength(name) > limits.maxEventNameLength) {
    throw new PacketError(
      'EVENT_NAME_TOO_LONG',
      `the client sent an event name of more than ${limits.maxEventNameLength} bytes`,
    );
  }
  if (RESERVED_EVENTS.has(name))
    throw new PacketError('INVALID_EVENT', `the client sent the reserved event name "${name}"`);
}

function tooManyArguments(limits: DecoderLimits): PacketError {
  return new PacketError('TOO_MANY_ARGUMENTS', `the client sent more than ${limits.maxEventArgs} arguments`);
}

// eslint-disable-next-line no-control-regex -- refusing them is the point
const CONTROL_CHARACTERS = /[\x00-\x1f\x7f]/;
/** An escape, or what must be one. */
// eslint-disable-next-line no-control-regex -- JSON allows none of them in a string
const NEEDS_PARSER = /[\\\x00-\x1f]/;
/** Characters from which it pays to ask whether the arguments are read. */
const LONG_EVENT = 128;
const QUOTE = 0x22;
const CLOSE_BRACKET = 0x5d;
const SLASH = 0x2f;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const BRACKET = 0x5b;
