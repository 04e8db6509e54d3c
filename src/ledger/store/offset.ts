/**
 * A place in the log: `<ms>-<number>`, or behind it `<ms>-<number>-<direct>` for what one node sent to one of its own
 * sockets. `ms` is the store's time, which removes old entries; numbers follow each other without a hole, so that a node
 * notices when it has missed one.
 */
export type Offset = string;

/** An offset, taken apart. */
export interface Place {
  readonly ms: number;
  readonly number: number;
  /** 0 for the entry itself. */
  readonly direct: number;
}

/** Null if the text is no offset: it may come from a client. */
export function parseOffset(offset: string): Place | null {
  const match = PATTERN.exec(offset);
  if (match === null) return null;
  return { ms: Number(match[1]), number: Number(match[2]), direct: Number(match[3] ?? 0) };
}

/** @throws TypeError if the text is no offset: a store must not return one */
export function placeOf(offset: Offset): Place {
  const place = parseOffset(offset);
  if (place === null) throw new TypeError(`The store returned ${JSON.stringify(offset)}, which is no offset of a log`);
  return place;
}

export function formatOffset({ ms, number, direct }: Place): Offset {
  return direct === 0 ? `${ms}-${number}` : `${ms}-${number}-${direct}`;
}

/** Negative if `a` comes before `b`. */
export function comparePlaces(a: Place, b: Place): number {
  return a.ms - b.ms || a.number - b.number || a.direct - b.direct;
}

/** The later one. */
export function latest(a: Place, b: Place): Place {
  return comparePlaces(a, b) < 0 ? b : a;
}

const PATTERN = /^(\d{1,15})-(\d{1,15})(?:-(\d{1,9}))?$/;
