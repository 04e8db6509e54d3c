import type { RoomPattern } from '../../socketio/index.js';
import { addHandlerMetadata, assertCalled } from './handler-metadata.js';

/**
 * Hears who comes online and who is offline: in the gateway's namespace, or in rooms of it, by their names or by a pattern.
 * Runs on one server of the cluster for each change, and gets a `PresenceChange`. Presence is kept from then on, by the
 * option `presence` or its defaults.
 *
 * @example
 * \@OnPresence()
 * changed({ key, state }: PresenceChange) { this.websocket.emit('presence', key, state); }
 */
export function OnPresence(rooms: RoomPattern | readonly RoomPattern[] = []): MethodDecorator {
  assertCalled('@OnPresence', arguments);
  const patterns = [rooms].flat() as RoomPattern[];
  const text = `@OnPresence(${patterns.map(String).join(', ')})`;
  return (target, name, descriptor) =>
    addHandlerMetadata(target, name, descriptor, { kind: 'presence', rooms: patterns }, text);
}
