import { addHandlerMetadata } from './handler-metadata.js';

/**
 * Handles an event; what the method returns is ignored. A client that asked for an ack gets an empty one once all
 * handlers of the event have settled. `'*'` hears every event.
 *
 * @example
 * \@OnEvent('message')
 * onMessage(@MessageBody() body: MessageDto) {}
 */
export function OnEvent(event: string): MethodDecorator {
  return (target, _name, descriptor) =>
    addHandlerMetadata(target, descriptor.value, { kind: 'event', event, acks: false });
}
