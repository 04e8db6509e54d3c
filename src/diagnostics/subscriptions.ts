import { channel, tracingChannel } from 'node:diagnostics_channel';
import { textOf } from '../common/values.js';
import type { OperationPayloads, PointPayloads } from './payloads.js';

/**
 * A value that a subscriber keeps on an object of somebody else until it sees that again. A weak map with a young key for
 * every event costs a third of the CPU time of a request, in garbage collections (bench: observability).
 */
export class Note<Value> {
  readonly #key = Symbol('nestjs-socketio:note');

  write(object: object, value: Value): void {
    (object as Record<symbol, unknown>)[this.#key] = value;
  }

  read(object: object): Value | undefined {
    return (object as Record<symbol, unknown>)[this.#key] as Value | undefined;
  }
}

/** Hears what fails in a tool that is told of an operation: a tracer, a registry, a function of its settings. */
export type ToolErrorListener = (error: unknown) => void;

/** Says once, as a warning of the process, that a tool fails. Each further error would be a line per event. */
export function warnOnce(tool: string): ToolErrorListener {
  let hasWarned = false;
  return (error) => {
    if (hasWarned) return;
    hasWarned = true;
    const message = `${tool} failed, and continues: ${textOf(error)}. Further errors are not logged.`;
    process.emitWarning(message, { code: 'SOCKETIO_WARNING' });
  };
}

/**
 * Follows operations from their start to their end, synchronous or not. What `onStart` returns is handed to `onEnd`, which
 * is not called if that is undefined. What either throws reaches `onError`: Node would end the process by it.
 */
export function onOperation<Name extends keyof OperationPayloads, State>(
  name: Name,
  onStart: (operation: OperationPayloads[Name]) => State | undefined,
  onEnd: (operation: OperationPayloads[Name], state: State) => void,
  onError: ToolErrorListener,
): () => void {
  const { start, end, asyncEnd } = tracingChannel(name);
  const note = new Note<State>();
  const atStart = (message: unknown): void => {
    try {
      const state = onStart(message as OperationPayloads[Name]);
      if (state !== undefined) note.write(message as object, state);
    } catch (error) {
      onError(error);
    }
  };
  const atAsyncEnd = (message: unknown): void => {
    const state = note.read(message as object);
    if (state === undefined) return;
    try {
      onEnd(message as OperationPayloads[Name], state);
    } catch (error) {
      onError(error);
    }
  };
  const atEnd = (message: unknown): void => {
    if (!(message as OperationPayloads[Name]).isAsync) atAsyncEnd(message);
  };
  start.subscribe(atStart);
  end.subscribe(atEnd);
  asyncEnd.subscribe(atAsyncEnd);
  return () => {
    start.unsubscribe(atStart);
    end.unsubscribe(atEnd);
    asyncEnd.unsubscribe(atAsyncEnd);
  };
}

export function onPoint<Name extends keyof PointPayloads>(
  name: Name,
  listener: (payload: PointPayloads[Name]) => void,
  onError: ToolErrorListener,
): () => void {
  const point = channel(name);
  const atPoint = (message: unknown): void => {
    try {
      listener(message as PointPayloads[Name]);
    } catch (error) {
      onError(error);
    }
  };
  point.subscribe(atPoint);
  return () => void point.unsubscribe(atPoint);
}

/** How long sessions of clients last: `onClose` gets the seconds of those that were opened since. */
export function onSessionEnd(
  isWanted: (payload: PointPayloads['nestjs-socketio.session.open']) => boolean,
  onClose: (payload: PointPayloads['nestjs-socketio.session.close'], seconds: number) => void,
  onError: ToolErrorListener,
): () => void {
  const began = new Note<number>();
  const atOpen = (payload: PointPayloads['nestjs-socketio.session.open']): void => {
    if (isWanted(payload)) began.write(payload.session, performance.now());
  };
  const atClose = (payload: PointPayloads['nestjs-socketio.session.close']): void => {
    const from = began.read(payload.session);
    if (from !== undefined) onClose(payload, (performance.now() - from) / 1_000);
  };
  const subscriptions = [
    onPoint('nestjs-socketio.session.open', atOpen, onError),
    onPoint('nestjs-socketio.session.close', atClose, onError),
  ];
  return () => {
    for (const unsubscribe of subscriptions) unsubscribe();
  };
}
