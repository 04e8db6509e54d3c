/*
 * What the server hands to its own handlers, by `fire()`, goes the way of an event of the client. Whoever tells of it later must
 * not blame the client.
 */

/** Arguments of such events, and what is kept of them while they wait. */
const fired = new WeakSet<readonly unknown[]>();

export function noteFired<T extends readonly unknown[]>(event: T): T {
  fired.add(event);
  return event;
}

export function isFired(event: readonly unknown[]): boolean {
  return fired.has(event);
}
