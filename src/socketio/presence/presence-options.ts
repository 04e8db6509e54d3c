import type { OptionReader } from '../../common/option-reader.js';
import { matches } from '../../common/values.js';
import type { SocketId } from '../adapter/adapter.js';

/** Somebody came online, or is offline for longer than the grace period. */
export interface PresenceChange {
  /** Who: what the option `key` gives, by default the user of `socket.identify()`. */
  readonly key: string;
  /** What has changed. */
  readonly state: 'online' | 'offline';
  /** The name of the namespace. */
  readonly namespace: string;
  /** Undefined: of the namespace. */
  readonly room: string | undefined;
  /** The sockets by which the key is there, on all servers. */
  readonly sockets: readonly SocketId[];
}

/** Rooms, by name or by pattern. */
export type RoomPattern = string | RegExp;

export interface PresenceOptions {
  /** Who a socket is; undefined for one that does not count. Asked when it connects, joins a room, and is identified. @default its `userId` */
  // oxlint-disable-next-line typescript/no-explicit-any -- a Socket, which this layer's options cannot name
  key?: ((socket: any) => string | undefined) | undefined;
  /** Rooms that presence is kept of, beside the namespaces. @default none */
  rooms?: RoomPattern | readonly RoomPattern[] | undefined;
  /** How long somebody without a connection still counts as online, in milliseconds: a reload takes a moment. @default 5_000 */
  gracePeriod?: number | undefined;
  /** How often servers tell each other that they are there, in milliseconds; one that is silent for two of these is gone. @default 2_000 */
  heartbeatInterval?: number | undefined;
  /** Told of every change, on one server of the cluster. */
  onChange?: ((change: PresenceChange) => void) | undefined;
}

export interface PresenceRules {
  /** Null: the socket's `userId`. */
  readonly key: ((socket: unknown) => unknown) | null;
  readonly rooms: readonly RoomPattern[];
  readonly gracePeriod: number;
  readonly heartbeatInterval: number;
  readonly onChange: ((change: PresenceChange) => void) | null;
}

export const PRESENCE_DEFAULTS: PresenceRules = Object.freeze({
  key: null,
  rooms: Object.freeze([]),
  gracePeriod: 5_000,
  heartbeatInterval: 2_000,
  onChange: null,
});

/** Null: presence is off. */
export function resolvePresence(read: OptionReader): PresenceRules | null {
  const value = read.raw('presence');
  if (value === undefined || value === false) return null;
  if (value === true) return PRESENCE_DEFAULTS;
  const group = read.group('presence', 'true, or { key, rooms, gracePeriod, heartbeatInterval, onChange }')!;
  const { gracePeriod, heartbeatInterval } = PRESENCE_DEFAULTS;
  const rules: PresenceRules = {
    key: group.callback<(socket: unknown) => unknown>('key'),
    rooms: resolveRooms(group),
    gracePeriod: group.milliseconds('gracePeriod', gracePeriod, 0),
    heartbeatInterval: group.milliseconds('heartbeatInterval', heartbeatInterval, 50),
    onChange: group.callback<(change: PresenceChange) => void>('onChange'),
  };
  group.rejectUnknown();
  return Object.freeze(rules);
}

function resolveRooms(read: OptionReader): readonly RoomPattern[] {
  const rooms = [read.raw('rooms') ?? []].flat() as unknown[];
  const wrong = rooms.find((room) => typeof room !== 'string' && !(room instanceof RegExp));
  if (wrong !== undefined) throw read.error('rooms', wrong, 'names or patterns of rooms');
  return rooms as RoomPattern[];
}

/** Whether a room is one of these. */
export function matchesRoom(rooms: readonly RoomPattern[], room: string): boolean {
  return rooms.some((pattern) => (typeof pattern === 'string' ? pattern === room : matches(pattern, room)));
}
