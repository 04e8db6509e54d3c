import type { AckTerms, EncodedParts, Room } from '../socketio/index.js';
import type { Handover } from './store/ledger-store.js';
import { comparePlaces, placeOf, type Offset } from './store/offset.js';

/** Whom something in the log is for, as `BroadcastOptions` in a form that travels. */
export interface Target {
  readonly rooms: readonly Room[];
  readonly except: readonly Room[];
}

/** What a node writes into the log. */
export type Message =
  | EventMessage
  | (Target & { readonly kind: 'join' | 'leave'; readonly names: readonly Room[] })
  | (Target & { readonly kind: 'disconnect'; readonly close: boolean })
  /** A session goes on at the node that wrote this. */
  | { readonly kind: 'taken'; readonly pid: string }
  /** The owner before could not store the rooms of a session before it was taken. */
  | { readonly kind: 'broken'; readonly pid: string }
  /** An event between servers. */
  | { readonly kind: 'server'; readonly args: string }
  /** The node could not write everything that was emitted. */
  | { readonly kind: 'lost' };

export interface EventMessage extends Target {
  readonly kind: 'event';
  /** As this package's codec has it, without an offset. */
  readonly parts: EncodedParts;
  readonly compress?: boolean | undefined;
  /** Which request the acks are for, and how long they are waited for. Not replayed. */
  readonly ask?: { readonly id: string; readonly timeout: number; readonly terms?: AckTerms | undefined };
  readonly late?: LatePacket;
}

/**
 * An owner sent this to its socket and could not store it: another one had the session already. The client may have got it
 * all the same.
 */
export interface LatePacket {
  readonly owner: string;
  /** The place that it was sent with. */
  readonly at: Offset;
}

/** A message with where it comes from. */
export interface Envelope {
  readonly nsp: string;
  /** The node, and the number in its own count. */
  readonly from: string;
  readonly number: number;
  readonly message: Message;
}

/**
 * Whether the client had got it when it left that owner, or gets it as one of its stored packets: the answer of a store that
 * has taken it may be lost.
 */
export function hasGot(handovers: readonly Handover[], { owner, at }: LatePacket): boolean {
  const handover = handovers.find((each) => each.owner === owner);
  if (handover === undefined) return false;
  const place = placeOf(at);
  return [handover.has, handover.kept].some((last) => last !== '' && comparePlaces(placeOf(last), place) >= 0);
}

/** Header and text apart, so that the text of an event is passed on as it is. */
export function encodeEntry({ nsp, from, number, message }: Envelope): string {
  if (message.kind !== 'event') return JSON.stringify([nsp, from, number, message]);
  const { parts, ...rest } = message;
  const [text, ...attachments] = parts;
  const header = [nsp, from, number, rest, ...attachments.map((bytes) => (bytes as Buffer).toString('base64'))];
  return `${JSON.stringify(header)}\n${text as string}`;
}

/** @throws SyntaxError for what no node has written */
export function decodeEntry(body: string): Envelope {
  const end = body.indexOf('\n');
  const header = JSON.parse(end === -1 ? body : body.slice(0, end)) as [string, string, number, Message, ...string[]];
  const [nsp, from, number, message, ...attachments] = header;
  if (TARGETED.has(message.kind) && !isTarget(message)) throw new SyntaxError('the entry is for no one');
  if (message.kind !== 'event') return { nsp, from, number, message };
  if (end === -1) throw new SyntaxError('the entry has no event');
  const parts = [body.slice(end + 1), ...attachments.map((bytes) => Buffer.from(bytes, 'base64'))];
  return { nsp, from, number, message: { ...message, parts } };
}

function isTarget(message: object): boolean {
  const { rooms, except } = message as Partial<Target>;
  return Array.isArray(rooms) && Array.isArray(except);
}

const TARGETED: ReadonlySet<string> = new Set<Message['kind']>(['event', 'join', 'leave', 'disconnect']);
