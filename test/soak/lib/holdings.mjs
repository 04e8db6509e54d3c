import { existsSync, readdirSync } from 'node:fs';
import { heldBytes } from '../../fuzz/lib/heap.mjs';

const DESCRIPTORS = '/proc/self/fd';

/** What a server, and the process that it is in, holds at the moment; the heap apart, since it is never quite the same. */
export async function holdingsOf({ io, http }) {
  const namespaces = [...io._nsps.values()];
  const sum = (count) => namespaces.reduce((total, namespace) => total + count(namespace), 0);
  const resources = process.getActiveResourcesInfo();
  return {
    connections: await new Promise((resolve) => http.getConnections((_error, count) => resolve(count))),
    sessions: io.engine.clientsCount,
    timers: io.wheel.size + io.idleWheel.size,
    'native timers': resources.filter((name) => name === 'Timeout').length,
    namespaces: namespaces.length,
    sockets: sum(({ sockets }) => sockets.size),
    rooms: sum(({ adapter }) => adapter.rooms.size),
    memberships: sum(({ adapter }) => [...adapter.sids.values()].reduce((total, rooms) => total + rooms.size, 0)),
    acks: sum(({ sockets }) => [...sockets.values()].reduce((total, { acks }) => total + acks.size, 0)),
    listeners: [http, io, io.engine, process].reduce((total, emitter) => total + listenersOf(emitter), 0),
    'file descriptors': existsSync(DESCRIPTORS) ? readdirSync(DESCRIPTORS).length : 0,
  };
}

export { heldBytes };

function listenersOf(emitter) {
  return emitter.eventNames().reduce((total, name) => total + emitter.listenerCount(name), 0);
}
