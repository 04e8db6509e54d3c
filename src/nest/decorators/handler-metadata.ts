import { ENTRY_PROVIDER_WATERMARK, HANDLER_METADATA, HAS_HANDLERS_METADATA } from './metadata-keys.js';

/** What a method handles. A method may carry several. */
export type HandlerMetadata =
  { readonly kind: 'event'; readonly event: string; readonly acks: boolean } | { readonly kind: LifecycleKind };

export type LifecycleKind = 'handshake' | 'connect' | 'disconnect' | 'close' | 'error' | 'ping' | 'pong';

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
