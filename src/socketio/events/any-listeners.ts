// oxlint-disable-next-line typescript/no-explicit-any -- events of any name have arguments of any type
export type AnyListener = (...args: any[]) => void;

/*
 * The listeners of every event, `onAny` and `onAnyOutgoing`: an array that is never changed, so that a walk over it is safe
 * while listeners come and go; null if there are none, since most sockets have none.
 */
export type AnyListeners = readonly AnyListener[] | null;

export function withListener(listeners: AnyListeners, added: AnyListener): AnyListeners {
  return listeners === null ? [added] : [...listeners, added];
}

export function withListenerInFront(listeners: AnyListeners, added: AnyListener): AnyListeners {
  return listeners === null ? [added] : [added, ...listeners];
}

/** Without the first place of a listener; without all of them if none is given. */
export function withoutListener(listeners: AnyListeners, removed: AnyListener | undefined): AnyListeners {
  if (listeners === null || removed === undefined) return null;
  const index = listeners.indexOf(removed);
  const left = index === -1 ? listeners : listeners.toSpliced(index, 1);
  return left.length === 0 ? null : left;
}
