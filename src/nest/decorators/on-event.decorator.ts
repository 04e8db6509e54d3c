import type { AnyEntry } from '../../contract/index.js';
import { addEventMetadata, assertCalled } from './handler-metadata.js';

/**
 * Handles an event; what the method returns is ignored. A client that asked for an ack gets an empty one once all
 * handlers of the event have settled. `'*'` hears every event. Given the entry
 * of a contract instead of a name, what arrives is validated if the entry has schemas.
 *
 * @example
 * \@OnEvent('message')
 * onMessage(@MessageBody() body: MessageDto) {}
 */
export function OnEvent(event: string | AnyEntry): MethodDecorator {
  assertCalled('@OnEvent', arguments);
  return (target, name, descriptor) => addEventMetadata(target, name, descriptor, event, false, 'OnEvent');
}

/** `@OnEvent` under a name of its own, for files that import the `@OnEvent` of `@nestjs/event-emitter` as well. */
export function OnMessage(event: string | AnyEntry): MethodDecorator {
  assertCalled('@OnMessage', arguments);
  return (target, name, descriptor) => addEventMetadata(target, name, descriptor, event, false, 'OnMessage');
}
