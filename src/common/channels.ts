import { channel, tracingChannel, type TracingChannel } from 'node:diagnostics_channel';
import { throwAsync } from './throw-async.js';
import { isThenable } from './values.js';

/** Names for `tracingChannel()`: each stands for five channels, which get the same object. */
export const OPERATION_NAMES = Object.freeze({
  connect: 'nestjs-socketio.connect',
  handle: 'nestjs-socketio.handle',
  emit: 'nestjs-socketio.emit',
  shutdown: 'nestjs-socketio.shutdown',
});

/** Names for `subscribe()`. */
export const POINT_NAMES = Object.freeze({
  server: 'nestjs-socketio.server',
  sessionOpen: 'nestjs-socketio.session.open',
  sessionClose: 'nestjs-socketio.session.close',
  refuse: 'nestjs-socketio.refuse',
  state: 'nestjs-socketio.state',
  disconnect: 'nestjs-socketio.disconnect',
  unhandled: 'nestjs-socketio.unhandled',
  rateLimit: 'nestjs-socketio.rate-limit',
  overflow: 'nestjs-socketio.overflow',
  recover: 'nestjs-socketio.recover',
});

/** What takes time. */
export const OPERATIONS = mapValues(OPERATION_NAMES, (name) =>
  withHasSubscribers(tracingChannel<unknown, Operation>(name)),
);

/** What happens at once. */
export const POINTS = mapValues(POINT_NAMES, (name) => channel(name));

/**
 * One run of an operation, as subscribers see it. Made only if there are subscribers: callers ask `hasSubscribers` first,
 * so that an operation costs nothing if nothing listens.
 */
export abstract class Operation {
  /** May be set while `start` is published: runs the operation, such as within a context of OpenTelemetry. */
  enclosure: ((run: () => void) => unknown) | undefined = undefined;
  /** Known at `end`: whether `asyncStart` and `asyncEnd` follow. */
  isAsync = false;
  /** The original error. */
  error: unknown = undefined;
  /** What the other side was told, in one word from a catalogue; undefined without an error, and for errors without a code. */
  code: string | undefined = undefined;
  #hasFailed = false;
  #isDeferred = false;
  #hasEnded = false;
  #isFinished = false;
  #open: Set<Operation> | null = null;

  constructor(private readonly channels: TracingChannel<unknown, Operation>) {}

  /** Runs the operation, which lasts until the promise settles that `work` returns; or if deferred, until `finish`. */
  run<T>(work: () => T): T {
    return this.channels.start.runStores(this, () => {
      let result: T;
      try {
        result = this.#enclose(work);
      } catch (error) {
        this.#isDeferred = false;
        this.fail(error);
        this.#end();
        throw error;
      }
      if (isThenable(result)) {
        this.defer();
        result.then(
          () => this.finish(),
          (error: unknown) => this.finish(error),
        );
      }
      this.#end();
      return result;
    });
  }

  /** The operation lasts until `finish`. */
  defer(): void {
    this.#isDeferred = true;
  }

  /** @internal Keeps it in a set from its `end` until it is finished, so that the end of its server can finish it. */
  keepIn(open: Set<Operation>): void {
    this.#open = open;
  }

  /** Takes an error down; the operation goes on to its end. The first one counts. */
  fail(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    // Undefined stands for no error.
    this.error = error === undefined ? new Error('failed without a reason') : error;
    this.code ??= this.codeOf(error);
  }

  /** The end of a deferred operation, once. */
  finish(...errors: [error?: unknown]): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    if (errors.length > 0) this.fail(errors[0]);
    if (!this.#hasEnded) return;
    this.#open?.delete(this);
    if (this.#hasFailed) this.channels.error.publish(this);
    this.channels.asyncStart.publish(this);
    this.channels.asyncEnd.publish(this);
  }

  /** The code of an error that the other side is not told of. */
  protected codeOf(_error: unknown): string | undefined {
    return undefined;
  }

  #end(): void {
    this.isAsync = this.#isDeferred && !this.#isFinished;
    if (this.isAsync) this.#open?.add(this);
    if (!this.isAsync && this.#hasFailed) this.channels.error.publish(this);
    this.#hasEnded = true;
    this.channels.end.publish(this);
  }

  /** The enclosure is a subscriber's: it can neither keep the operation from running once nor take its result. */
  #enclose<T>(work: () => T): T {
    const { enclosure } = this;
    if (enclosure === undefined) return work();
    const outcome: { state: 'none' | 'value' | 'error'; value?: unknown } = { state: 'none' };
    const run = (): void => {
      if (outcome.state !== 'none') return;
      outcome.state = 'value';
      try {
        outcome.value = work();
      } catch (error) {
        outcome.state = 'error';
        outcome.value = error;
      }
    };
    try {
      enclosure(run);
    } catch (error) {
      // As what a subscriber throws.
      throwAsync(error);
    }
    run();
    if ((outcome.state as string) === 'error') throw outcome.value;
    return outcome.value as T;
  }
}

/** From a CONNECT packet to its answer. */
export class ConnectOperation<Connection, Socket> extends Operation {
  /** The socket that was let in. */
  socket: Socket | undefined = undefined;

  constructor(
    /** The connection of the client. */
    readonly connection: Connection,
    /** The namespace, or the pattern that made it; null if none has the name that the client asked for. */
    readonly namespace: string | null,
    /** What the client sent as `auth`. It may hold secrets. */
    readonly auth: Readonly<Record<string, unknown>>,
  ) {
    super(OPERATIONS.connect);
  }
}

/** One handler, or one listener, of one event that a client has sent. */
export class HandleOperation<Socket> extends Operation {
  /** What the client was told of an error. */
  failure: unknown = undefined;
  /** Whether the client was told nothing of the error but that there is one. */
  isInternal = false;

  constructor(
    /** The socket that has sent the event. */
    readonly socket: Socket,
    /** The namespace, or the pattern that made it. */
    readonly namespace: string,
    /** The name of the event. */
    readonly event: string,
    /** The event that the handler is bound to: `*` for one of every event. */
    readonly route: string,
    /** Its arguments, without the callback of an ack. */
    readonly args: readonly unknown[],
    /** Class and method, or the name of the listener. */
    readonly handler: string,
    /** Whether the client asks for an ack. */
    readonly asksAck: boolean,
  ) {
    super(OPERATIONS.handle);
  }

  /** Takes down what the client was told. */
  tell(failure: unknown, isInternal: boolean): void {
    this.failure = failure;
    this.isInternal = isInternal;
    this.code = codeOf(failure);
  }
}

/** A socket, as an emit to it alone shows it. */
export interface EmitRecipient {
  /** The id of the socket. */
  readonly id: string;
  /** The rooms that it is in. */
  readonly rooms: ReadonlySet<string>;
}

/** An event to one client, or to many; with an ack until it is answered. */
export class EmitOperation extends Operation {
  constructor(
    /** The namespace, or the pattern that made it. */
    readonly namespace: string,
    /** The name of the event. */
    readonly event: string,
    /** Its arguments, without the callback of an ack. */
    readonly args: readonly unknown[],
    /** The rooms that were named. */
    readonly rooms: ReadonlySet<string>,
    /** The socket of `socket.emit`. */
    readonly recipient: EmitRecipient | undefined,
    /** Whether an ack is asked for. */
    readonly asksAck: boolean,
  ) {
    super(OPERATIONS.emit);
  }

  /** The id of the socket of `socket.emit`; undefined for a broadcast. */
  get socketId(): string | undefined {
    return this.recipient?.id;
  }

  protected override codeOf(error: unknown): string | undefined {
    return codeOf(error);
  }

  /** The callback of an ack that gets an error first; `isPlain`: for one of the user's that gets none. */
  answering(callback: (...args: unknown[]) => void, isPlain: boolean): (...args: unknown[]) => void {
    this.defer();
    return (error, ...args) => {
      const hasFailed = error !== null && error !== undefined;
      if (hasFailed) this.finish(error);
      else this.finish();
      // What the callback returns may be a promise, which the caller watches.
      if (!isPlain) return callback(error, ...args);
      return hasFailed ? undefined : callback(...args);
    };
  }
}

/** The end of a server, from `closing` to `closed`. */
export class ShutdownOperation<Server> extends Operation {
  /** How many sessions were closed, and how many of them by force; known at the end. */
  result: { readonly closed: number; readonly forced: number } | undefined = undefined;

  /** The server that ends. */
  readonly server: Server;

  constructor(server: Server) {
    super(OPERATIONS.shutdown);
    this.server = server;
  }
}

/** Bun knows of each of the five channels whether it has subscribers, and not of all together. */
function withHasSubscribers(channels: TracingChannel<unknown, Operation>): TracingChannel<unknown, Operation> {
  if (Reflect.has(channels, 'hasSubscribers')) return channels;
  const { start, end, asyncStart, asyncEnd, error } = channels;
  const five = [start, end, asyncStart, asyncEnd, error];
  return Object.defineProperty(channels, 'hasSubscribers', { get: () => five.some((each) => each.hasSubscribers) });
}

/** The `code` of an error, or of what was told of it, else its `statusCode`. */
function codeOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { code, statusCode } = value as { code?: unknown; statusCode?: unknown };
  if (typeof code === 'string' || typeof code === 'number') return String(code);
  return typeof statusCode === 'number' ? String(statusCode) : undefined;
}

function mapValues<Key extends string, Value>(
  names: Readonly<Record<Key, string>>,
  make: (name: string) => Value,
): Readonly<Record<Key, Value>> {
  const entries = Object.entries<string>(names).map(([key, name]) => [key, make(name)]);
  return Object.freeze(Object.fromEntries(entries) as Record<Key, Value>);
}
