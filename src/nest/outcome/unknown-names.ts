import { nearestName } from '../../common/nearest-name.js';
import type { Server, Socket, UnknownNamesListener } from '../../socketio/index.js';

/** Tells, of a name that is not there, of what class could have had it; null if of none. */
export type UnboundNames = (namespace: string, event: string | null) => string | null;

/**
 * Says in the log, while an application is developed, what clients ask for in vain, with the nearest name that is there.
 * Each name once and 20 in all: clients choose these names, also those of the namespaces of a pattern.
 */
export class UnknownNames implements UnknownNamesListener {
  readonly #said = new Set<string>();

  constructor(
    private readonly server: Server,
    private readonly warn: (message: string) => void,
    private readonly unbound: UnboundNames,
  ) {}

  onUnknownEvent(socket: Socket, event: string, isFired: boolean): void {
    const { nsp } = socket;
    // It is fired in all namespaces, and one that handles it is enough.
    if (isFired && this.#isHandled(event)) return;
    if (!this.#isNew(`${nsp.route} ${event}`)) return;
    const known = [...(nsp.handlers?.events.keys() ?? []), ...socket.eventNames().map(String)];
    const who = isFired ? 'fire() was called with' : 'A client emitted';
    const where = `${who} ${quoted(event)} in ${quoted(nsp.name)}, which has no handler for it`;
    this.warn(`${where}${hint(event, known, this.unbound(nsp.name, event))}`);
  }

  onUnknownNamespace(name: string): void {
    if (!this.#isNew(name)) return;
    const { rootNamespace } = this.server.settings;
    if (name === '/' && !rootNamespace) {
      this.warn(
        'A client asked for the namespace "/", which rootNamespace: false closes. Connect it to another namespace.',
      );
      return;
    }
    const known = [...this.server._nsps.keys()].filter((one) => one !== '/' || rootNamespace);
    const where = `A client asked for the namespace ${quoted(name)}, which does not exist`;
    this.warn(`${where}${hint(name, known, this.unbound(name, null))}`);
  }

  #isHandled(event: string): boolean {
    return [...this.server._nsps.values()].some(({ handlers }) => handlers?.events.has(event) === true);
  }

  #isNew(name: string): boolean {
    if (this.#said.size >= MAX_WARNINGS || this.#said.has(name)) return false;
    this.#said.add(name);
    return true;
  }
}

function hint(name: string, known: readonly string[], unbound: string | null): string {
  if (unbound !== null) return `: ${unbound}`;
  const nearest = name.length > MAX_NAME ? null : nearestName(name, known);
  return nearest === null ? '.' : `; did you mean ${quoted(nearest)}?`;
}

/** As a string literal, so that a name cannot forge lines of the log. */
function quoted(name: string): string {
  const text = name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name;
  return JSON.stringify(text);
}

const MAX_WARNINGS = 20;

/** Characters of a name that are shown. */
const MAX_NAME = 64;
