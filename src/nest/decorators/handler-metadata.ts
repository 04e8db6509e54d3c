import type { AnyEntry } from '../../contract/index.js';
import { isEntry } from '../../contract/runtime.js';
import { ENTRY_PROVIDER_WATERMARK, HANDLER_METADATA, HAS_HANDLERS_METADATA } from './metadata-keys.js';

/** What a method handles. A method may carry several. */
export type HandlerMetadata =
  | { readonly kind: 'event'; readonly event: string; readonly acks: boolean; readonly entry: AnyEntry | null }
  | { readonly kind: LifecycleKind };

export type LifecycleKind = 'handshake' | 'connect' | 'disconnect' | 'close' | 'error' | 'ping' | 'pong';

/** Adds an event, by its name or by its entry in a contract. */
export function addEventMetadata(target: object, method: unknown, event: string | AnyEntry, acks: boolean): void {
  if (typeof event === 'string') addHandlerMetadata(target, method, { kind: 'event', event, acks, entry: null });
  else if (isEntry(event)) addHandlerMetadata(target, method, { kind: 'event', event: event.name, acks, entry: event });
  else {
    const where = `${target.constructor.name}.${(method as Function).name}()`;
    throw new TypeError(`${where} handles neither a name nor an event of a contract. Has the contract this event?`);
  }
}

/** Adds to what a method handles. */
export function addHandlerMetadata(target: object, method: unknown, added: HandlerMetadata): void {
  const present = (Reflect.getOwnMetadata(HANDLER_METADATA, method as object) as HandlerMetadata[] | undefined) ?? [];
  Reflect.defineMetadata(HANDLER_METADATA, [...present, added], method as object);
  markGateway(target);
}

/** Marks the class of a decorated method, so that discovery passes over all others quickly. */
export function markGateway(target: object): void {
  Reflect.defineMetadata(HAS_HANDLERS_METADATA, true, target.constructor);
  Reflect.defineMetadata(ENTRY_PROVIDER_WATERMARK, true, target.constructor);
}

export function lifecycleDecorator(kind: LifecycleKind): MethodDecorator {
  return (target, _name, descriptor) => addHandlerMetadata(target, descriptor.value, { kind });
}
