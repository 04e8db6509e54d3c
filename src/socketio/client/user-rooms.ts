/*
 * Rooms by which this package knows whom a socket acts for. A room is often named by a client ("join this chat"), so those
 * that begin like these are closed to `join` and `leave`: otherwise a client could hear what is meant for another user.
 */

/** The end of a socket's credentials. */
export interface Until {
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly graceMs: number;
}

/** The room of all sockets of a user. */
export function userRoom(userId: string): string {
  return USER + userId;
}

export function untilRoom(expiresAt: number, graceMs: number): string {
  return `${UNTIL}${expiresAt} ${graceMs}`;
}

/** The user that a socket in these rooms acts for; null if there is none. */
export function userOf(rooms: Iterable<string>): string | null {
  for (const room of rooms) if (room.startsWith(USER)) return room.slice(USER.length);
  return null;
}

/** When the credentials of a socket in these rooms end; null if they do not. */
export function untilOf(rooms: Iterable<string>): Until | null {
  for (const room of rooms) {
    if (!room.startsWith(UNTIL)) continue;
    const [expiresAt, graceMs] = room.slice(UNTIL.length).split(' ').map(Number);
    return { expiresAt, graceMs };
  }
  return null;
}

/** Whether a session with these rooms is past the end of its credentials. */
export function isExpired(rooms: Iterable<string>): boolean {
  const until = untilOf(rooms);
  return until !== null && until.expiresAt <= Date.now();
}

export function isReserved(room: string): boolean {
  return typeof room === 'string' && room.startsWith(RESERVED);
}

/** @throws TypeError for a room that only `identify()` puts sockets into */
export function assertOpen(rooms: string | readonly string[]): void {
  if (typeof rooms === 'string' ? !isReserved(rooms) : !Array.isArray(rooms) || !rooms.some(isReserved)) return;
  throw new TypeError(`rooms that begin with "${RESERVED}" cannot be joined or left by name: use socket.identify()`);
}

const RESERVED = 'nestjs-socketio:';
const USER = `${RESERVED}user:`;
const UNTIL = `${RESERVED}until:`;
