import { routeOf, type HandlerDescriptor } from '../discovery/gateway-descriptor.js';
import { WEBSOCKETS_METADATA } from '../decorators/metadata-keys.js';
import { loadMessageAgent, type MessageAgent } from '../platform/nest-internals.js';
import { bodyOf, type Call } from './parameters.js';
import type { Pipeline } from './pipeline.js';

/** Shows what handlers of events are called with to agents that watch Nest's own gateways; costs nothing without one. */
export class MessageAgents {
  #agent: MessageAgent | null = null;

  /** Once all providers are made: agents have done their part by then. */
  async load(): Promise<void> {
    this.#agent ??= await loadMessageAgent();
  }

  /** The pipeline, or one whose calls an agent sees. */
  watch(pipeline: Pipeline, descriptor: HandlerDescriptor, instance: object, declared: Function): Pipeline {
    const { kind } = descriptor.subject;
    if (this.#agent === null || (kind !== 'event' && kind !== 'message')) return pipeline;
    const { wrapper, method } = descriptor;
    const { run } = pipeline;
    // Agents read the first two arguments, as Nest has them: the socket and the body.
    const call = (socket: unknown, _body: unknown, ...rest: unknown[]): unknown =>
      (run as (...all: unknown[]) => unknown)(socket, ...rest);
    const watched = this.#agent(call, instance, named(descriptor, declared), wrapper.host?.token ?? '', method);
    const watchedRun: Call<unknown> = (socket, args, reply, pattern) =>
      watched(socket, bodyOf(args), args, reply, pattern) as unknown;
    return { ...pipeline, run: watchedRun };
  }
}

/** The method with its metadata and, as of `@SubscribeMessage`, its event. */
function named(descriptor: HandlerDescriptor, declared: Function): Function {
  const callback = (): void => {};
  Object.defineProperty(callback, 'name', { value: descriptor.method });
  for (const key of Reflect.getMetadataKeys(declared) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, declared), callback);
  }
  Reflect.defineMetadata(WEBSOCKETS_METADATA.MESSAGE, routeOf(descriptor), callback);
  return callback;
}
