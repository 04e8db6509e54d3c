/** Names that Socket.IO and Node's emitters give a meaning of their own; neither side may emit them. */
export const RESERVED_EVENTS: ReadonlySet<string | symbol> = new Set([
  'connect',
  'connect_error',
  'disconnect',
  'disconnecting',
  'newListener',
  'removeListener',
]);

/** @throws Error for a reserved name, with the words that Socket.IO uses */
export function assertEmittable(event: string | symbol): void {
  if (RESERVED_EVENTS.has(event)) throw new Error(`"${String(event)}" is a reserved event name`);
}
