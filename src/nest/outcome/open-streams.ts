import { EMPTY, from, type Observable, type Subscription } from 'rxjs';
import { ignoreElements, mergeMap, take, tap } from 'rxjs/operators';
import type { Socket } from '../../socketio/index.js';
import { isThenable } from '../../common/values.js';
import { callsHandlers } from '../pipeline/handler-trace.js';
import { asStream, isGenerator, isObservableOrIterable } from '../pipeline/result.js';

/**
 * Awaits what handlers return, and knows the Observables and async iterators among it: they end with the socket that they
 * run for, and those that have proved to be streams do not hold up a shutdown.
 */
export class OpenStreams {
  static {
    callsHandlers('eachValue', this.prototype.eachValue);
  }

  readonly #open = new Map<Socket | null, Set<OpenStream>>();
  #isStopping = false;

  /** How many have not ended. */
  get size(): number {
    return [...this.#open.values()].reduce((sum, streams) => sum + streams.size, 0);
  }

  /**
   * The value of a promise, or the first one of a stream, which is then let go; undefined if there is none. A stream that
   * has passed interceptors has ended at its source with the first value, and may tell them so before it is let go.
   */
  async firstValue(
    result: unknown,
    socket: Socket,
    through: { readonly intercepts: boolean } | null,
  ): Promise<unknown> {
    const value = isObservableOrIterable(result) ? result : await (result as PromiseLike<unknown>);
    const source = asStream(value);
    if (source === null) return value;
    const stream = new OpenStream();
    return through?.intercepts
      ? this.#followFirst(source, socket, stream)
      : this.#follow(source.pipe(take(1)), socket, stream);
  }

  /**
   * Waits for the end of a promise or a stream, and of promises that a stream emits. `socket` is null if the work does
   * not end with it, as that of a disconnect handler; `onLost` is told of each value that is dropped, and how many there were.
   */
  completion(
    result: unknown,
    socket: Socket | null,
    onLost: ((value: unknown, count: number) => void) | null = null,
  ): Promise<void> {
    let count = 0;
    return this.eachValue(result, socket, onLost && ((value) => void (value !== undefined && onLost(value, ++count))));
  }

  /** The same, where the values of a stream are wanted; a generator, of which nothing has run, is one of its own. */
  async eachValue(result: unknown, socket: Socket | null, onValue: ((value: unknown) => void) | null): Promise<void> {
    const value = isObservableOrIterable(result) ? result : await (result as PromiseLike<unknown>);
    const source = asStream(value);
    if (source === null) {
      if (isGenerator(value)) onValue?.(value);
      return;
    }
    const stream = new OpenStream();
    const onEach = (each: unknown): void => {
      stream.hasEmitted = true;
      onValue?.(each);
      if (this.#isStopping) stream.end();
    };
    await this.#follow(source.pipe(tap(onEach), mergeMap(settled), ignoreElements()), socket, stream);
  }

  /** The socket is gone: its streams end. */
  endOf(socket: Socket): void {
    const streams = this.#open.get(socket);
    if (streams !== undefined) for (const stream of [...streams]) stream.end();
  }

  /**
   * A shutdown begins. A stream that has emitted may go on for ever: it ends now. One that has not may be work under way,
   * such as a query: it is awaited, to its end or its first value.
   */
  stop(): void {
    this.#isStopping = true;
    for (const streams of [...this.#open.values()]) {
      for (const stream of [...streams]) if (stream.hasEmitted) stream.end();
    }
  }

  /**
   * Resolves to the first value. The stream is let go by the end of the turn, or at its second value: so one without an end
   * ends, and the end of one that has one is heard.
   */
  #followFirst(source: Observable<unknown>, socket: Socket, stream: OpenStream): Promise<unknown> | undefined {
    if (!socket.connected) return undefined;
    return new Promise((resolve, reject) => {
      let hasValue = false;
      let first: unknown;
      const letGo = (): void => queueMicrotask(() => stream.endWith(first));
      let isOpen = false;
      const subscription = source.pipe(take(2)).subscribe({
        next: (value) => {
          if (hasValue) return;
          hasValue = true;
          first = value;
          if (isOpen) letGo();
        },
        error: reject,
        complete: () => resolve(first),
      });
      if (subscription.closed) return;
      isOpen = true;
      this.#enter(stream, subscription, resolve, socket);
      if (hasValue) letGo();
    });
  }

  /** Resolves to the last value. One that ends at once, as most do behind an interceptor, is never entered anywhere. */
  #follow(source: Observable<unknown>, socket: Socket | null, stream: OpenStream): Promise<unknown> | undefined {
    // The client left while a promise of the stream was awaited.
    if (socket !== null && !socket.connected) return undefined;
    return new Promise((resolve, reject) => {
      let last: unknown;
      const subscription = source.subscribe({
        next: (value) => (last = value),
        error: reject,
        complete: () => resolve(last),
      });
      if (subscription.closed) return;
      this.#enter(stream, subscription, resolve, socket);
    });
  }

  #enter(
    stream: OpenStream,
    subscription: Subscription,
    resolve: (value: unknown) => void,
    socket: Socket | null,
  ): void {
    stream.open(subscription, resolve);
    const streams = this.#open.get(socket) ?? new Set();
    this.#open.set(socket, streams.add(stream));
    subscription.add(() => {
      streams.delete(stream);
      if (streams.size === 0) this.#open.delete(socket);
    });
  }
}

class OpenStream {
  hasEmitted = false;
  #isEnded = false;
  #subscription: Subscription | null = null;
  #resolve: ((value: unknown) => void) | null = null;

  open(subscription: Subscription, resolve: (value: unknown) => void): void {
    this.#subscription = subscription;
    this.#resolve = resolve;
    // Ended by its own first value, in the middle of being subscribed to.
    if (this.#isEnded) this.end();
  }

  end(): void {
    this.endWith(undefined);
  }

  endWith(value: unknown): void {
    this.#isEnded = true;
    this.#subscription?.unsubscribe();
    this.#resolve?.(value);
  }
}

/** A rejection among the values of a stream is a failure of it, though the values are dropped. */
function settled(value: unknown): Observable<unknown> {
  return isThenable(value) ? from(value) : EMPTY;
}
