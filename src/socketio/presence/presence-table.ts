import type { SocketId } from '../adapter/adapter.js';

/** Where somebody can be present: a namespace, or one of its rooms. */
export interface Scope {
  readonly namespace: string;
  /** Undefined: the namespace itself. */
  readonly room: string | undefined;
}

/** A socket by which somebody is present, as it travels: scope, key, socket. */
export type PresenceRow = readonly [scope: string, key: string, id: SocketId];

/** The sockets of one key in one scope, by the server that has them. */
type Sockets = Map<string, Set<SocketId>>;

/** Who is where, as far as this server knows of the others. */
export class PresenceTable {
  readonly #scopes = new Map<string, Map<string, Sockets>>();

  /** @param onTouched is called for each key in a scope that has got or lost its first or last socket, or more often */
  constructor(private readonly onTouched: (scope: string, key: string) => void) {}

  add(server: string, [scope, key, id]: PresenceRow): void {
    const keys = getOrMake(this.#scopes, scope, () => new Map<string, Sockets>());
    const sockets = getOrMake(keys, key, (): Sockets => new Map());
    getOrMake(sockets, server, () => new Set<SocketId>()).add(id);
    this.onTouched(scope, key);
  }

  remove(server: string, [scope, key, id]: PresenceRow): void {
    const ids = this.#scopes.get(scope)?.get(key)?.get(server);
    if (ids?.delete(id) && ids.size === 0) this.#removeSockets(scope, key, server);
  }

  /** What a server has is this, and nothing else. */
  replace(server: string, rows: readonly PresenceRow[]): void {
    const kept = new Set(rows.map((row) => JSON.stringify(row)));
    for (const row of this.#rowsOf(server)) if (!kept.has(JSON.stringify(row))) this.remove(server, row);
    for (const row of rows) this.add(server, row);
  }

  removeServer(server: string): void {
    for (const row of this.#rowsOf(server)) this.remove(server, row);
  }

  has(scope: string, key: string): boolean {
    return this.#scopes.get(scope)?.has(key) === true;
  }

  keys(scope: string): Iterable<string> {
    return this.#scopes.get(scope)?.keys() ?? [];
  }

  socketsOf(scope: string, key: string): SocketId[] {
    const sockets = this.#scopes.get(scope)?.get(key);
    // A socket that moved to another server has its id there as well, until the former one tells.
    return sockets === undefined ? [] : [...new Set([...sockets.values()].flatMap((ids) => [...ids]))];
  }

  *all(): Iterable<readonly [scope: string, key: string]> {
    for (const [scope, keys] of this.#scopes) for (const key of keys.keys()) yield [scope, key];
  }

  #rowsOf(server: string): PresenceRow[] {
    const rows: PresenceRow[] = [];
    for (const [scope, keys] of this.#scopes) {
      for (const [key, sockets] of keys) for (const id of sockets.get(server) ?? []) rows.push([scope, key, id]);
    }
    return rows;
  }

  #removeSockets(scope: string, key: string, server: string): void {
    const keys = this.#scopes.get(scope)!;
    const sockets = keys.get(key)!;
    sockets.delete(server);
    if (sockets.size > 0) return;
    keys.delete(key);
    if (keys.size === 0) this.#scopes.delete(scope);
    this.onTouched(scope, key);
  }
}

/** A scope as text. Names of namespaces have no line ends. */
export function formatScope({ namespace, room }: Scope): string {
  return room === undefined ? namespace : `${namespace}\n${room}`;
}

export function parseScope(scope: string): Scope {
  const end = scope.indexOf('\n');
  if (end === -1) return { namespace: scope, room: undefined };
  return { namespace: scope.slice(0, end), room: scope.slice(end + 1) };
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
