import { isDeepStrictEqual } from 'node:util';
import type { RunningServer } from '../../support/server.js';
import { elapse } from '../../support/until.js';

/** What a server holds for its peers. */
export interface Holdings {
  /** TCP connections. */
  connections: number;
  sessions: number;
  timers: number;
  namespaces: string[];
  sockets: number;
  rooms: number;
  memberships: number;
  /** Asked for and not answered yet. */
  acks: number;
  /** Of the HTTP server. */
  listeners: Record<string, number>;
}

export async function holdingsOf({ io, http }: RunningServer): Promise<Holdings> {
  const namespaces = [...io._nsps.values()];
  const sum = (count: (namespace: (typeof namespaces)[number]) => number): number =>
    namespaces.reduce((total, namespace) => total + count(namespace), 0);
  return {
    connections: await new Promise((resolve, reject) => {
      http.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    }),
    sessions: io.engine.clientsCount,
    timers: io.wheel.size + io.idleWheel.size,
    namespaces: [...io._nsps.keys()].sort(),
    sockets: sum(({ sockets }) => sockets.size),
    rooms: sum(({ adapter }) => adapter.rooms.size),
    memberships: sum(({ adapter }) => [...adapter.sids.values()].reduce((total, rooms) => total + rooms.size, 0)),
    acks: sum(({ sockets }) => [...sockets.values()].reduce((total, { acks }) => total + acks.size, 0)),
    listeners: Object.fromEntries(http.eventNames().map((name) => [name, http.listenerCount(name)])),
  };
}

/** Resolves once the server holds what it held before, and fails with what is left. */
export async function untilBaseline(server: RunningServer, before: Holdings, patience: number): Promise<void> {
  const deadline = performance.now() + patience;
  for (;;) {
    // Connections that a pool of the test's own HTTP client keeps open are nothing that a peer left behind.
    server.http.closeIdleConnections();
    const held = await holdingsOf(server);
    if (isDeepStrictEqual(held, before)) return;
    if (performance.now() > deadline) expect(held).toEqual(before);
    await elapse(5);
  }
}
