import type { IncomingMessage, Server, ServerResponse } from 'node:http';
/** How long a test waits for one thing to happen; far above what a loaded machine needs, below the runner's own limit. */
const PATIENCE = 10_000;

/** Node's emitters and the client's. */
interface Emitter {
  once(event: string, listener: (...args: any[]) => void): unknown;
}

/** Settles as the promise does, or rejects and says what was awaited in vain. */
export function within<T>(promise: PromiseLike<T>, what: string, ms = PATIENCE): Promise<T> {
  return new Promise((resolve, reject) => {
    // In a race that another promise wins, nothing clears it; the process must not wait for that.
    const timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms).unref();
    promise.then(resolve, reject).then(() => clearTimeout(timer));
  });
}

/** Resolves with the arguments of the next such event. */
export function nextEvent(emitter: Emitter, event: string, ms?: number): Promise<unknown[]> {
  const happened = new Promise<unknown[]>((resolve) => emitter.once(event, (...args: unknown[]) => resolve(args)));
  return within(happened, `the event "${event}"`, ms);
}

/** Lets time pass where time itself is what a test is about; to wait for something, await its event. */
export function elapse(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves once the condition holds; looks again and again, for what no event tells of. */
export async function until(condition: () => boolean, what = String(condition), ms = PATIENCE): Promise<void> {
  const deadline = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${ms} ms until ${what}`);
    await elapse(2);
  }
}

/**
 * Resolves to the next request of a server and its response, once it was handed out. Its 'request' listeners do not see
 * what an engine takes.
 */
export function nextRequest(server: Server): Promise<[IncomingMessage, ServerResponse]> {
  const { emit } = server;
  const seen = new Promise<[IncomingMessage, ServerResponse]>((resolve) => {
    server.emit = function (this: Server, ...args: unknown[]) {
      const result: unknown = Reflect.apply(emit, this, args);
      if (args[0] === 'request') {
        server.emit = emit;
        resolve([args[1] as IncomingMessage, args[2] as ServerResponse]);
      }
      return result;
    } as Server['emit'];
  });
  return within(seen, 'a request');
}
