import { askForeign } from '../common/call-foreign.js';
import { matches } from '../common/values.js';
import { Namespace } from './namespace.js';
import { ParentNamespace, type NamespaceMatcher } from './parent-namespace.js';
import type { Server } from './server.js';
import type { EventsMap } from './events/typed-events.js';

/** The namespaces of a server: those that exist, and the templates of those that clients may bring into being. */
export class NamespaceRegistry<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ServerSideEvents extends EventsMap,
  SocketData,
> {
  readonly byName = new Map<string, Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>();
  /** Dynamic namespaces that the server itself has asked for in this turn. */
  readonly #asked: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>[] = [];
  readonly #parents: Parent<ListenEvents, EmitEvents, ServerSideEvents, SocketData>[] = [];

  constructor(private readonly server: Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) {}

  /** The namespace of this name, a template too; made where it does not exist yet. */
  of(name: string): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    const path = name.startsWith('/') ? name : `/${name}`;
    const existing = this.byName.get(path) ?? this.templateOf(path);
    if (existing !== undefined) {
      existing.isWanted = true;
      return existing;
    }
    const parent = this.#parents.find(({ pattern }) => pattern !== null && matches(pattern, path));
    const namespace = parent === undefined ? new Namespace(this.server, path) : parent.namespace.createChild(path);
    namespace.isWanted = true;
    this.#add(namespace);
    if (parent !== undefined) this.#checkLater(namespace);
    return namespace;
  }

  /**
   * The namespace of a contract.
   *
   * @param name which one, for the contract of a pattern
   * @throws TypeError for a name that the pattern does not match
   */
  ofContract(
    pattern: string | RegExp,
    name: unknown,
  ): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    if (!(pattern instanceof RegExp)) return this.of(pattern);
    if (typeof name === 'string' && matches(pattern, name)) return this.of(name);
    throw new TypeError(`of() needs the name of a namespace that the contract's pattern ${pattern} matches`);
  }

  /** The same pattern gives the same template: a second one would never get a client, since the first takes them all. */
  ofPattern(
    pattern: RegExp | NamespaceMatcher,
  ): ParentNamespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    const present = this.#parents.find((one) =>
      pattern instanceof RegExp ? String(one.pattern) === String(pattern) : one.match === pattern,
    );
    if (present !== undefined) return present.namespace;
    const namespace = new ParentNamespace(
      this.server,
      this.#parents.length,
      (child) => this.byName.delete(child.name),
      pattern instanceof RegExp ? String(pattern) : '(function)',
    );
    if (pattern instanceof RegExp) {
      const match: NamespaceMatcher = (name, _auth, next) => next(null, matches(pattern, name));
      this.#parents.push({ pattern, match, namespace });
    } else {
      this.#parents.push({ pattern: null, match: pattern, namespace });
    }
    return namespace;
  }

  /**
   * The namespace that a client asks for; null if none has this name and no template allows it, or if it could not be made.
   * `found` is called at most once; never, if a matcher does not answer.
   */
  find(
    name: string,
    auth: Record<string, unknown>,
    found: (
      namespace: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> | null,
      failed: boolean,
    ) => void,
  ): void {
    const existing = this.byName.get(name);
    if (existing !== undefined) found(existing, false);
    else this.#askParents(0, name, auth, found);
  }

  /** The template that has this name, which no client can ask for. */
  templateOf(name: string): ParentNamespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> | undefined {
    return this.#parents.find(({ namespace }) => namespace.name === name)?.namespace;
  }

  /** Those that a call by this name is about: the namespace, or the children of a template. */
  named(name: string): readonly Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>[] {
    const existing = this.byName.get(name);
    return existing === undefined ? [...(this.templateOf(name)?.children ?? [])] : [existing];
  }

  /** How many sockets are where. Clients name the children of a pattern, so these count under it. */
  countSockets(): Record<string, number> {
    const counts = new Map<string, number>();
    for (const { namespace } of this.#parents) counts.set(namespace.route, 0);
    for (const { route, sockets } of this.byName.values()) counts.set(route, (counts.get(route) ?? 0) + sockets.size);
    return Object.fromEntries(counts);
  }

  #askParents(
    index: number,
    name: string,
    auth: Record<string, unknown>,
    found: (
      namespace: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> | null,
      failed: boolean,
    ) => void,
  ): void {
    if (index === this.#parents.length) {
      found(null, false);
      return;
    }
    const { match, namespace } = this.#parents[index];
    let answered = false;
    const answer = (error: unknown, allow: boolean): void => {
      if (answered) return;
      answered = true;
      if (error || !allow) this.#askParents(index + 1, name, auth, found);
      else this.#makeChild(namespace, name, found);
    };
    askForeign(match, undefined, [name, auth, answer], (error) => {
      if (error === null) return;
      this.server.reportError(error);
      answer(null, false);
    });
  }

  /** Another client may have brought it into being meanwhile. An adapter may fail to be made. */
  #makeChild(
    parent: ParentNamespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
    name: string,
    found: (
      namespace: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> | null,
      failed: boolean,
    ) => void,
  ): void {
    let child = this.byName.get(name) ?? null;
    if (child === null) {
      askForeign(
        () => [parent.createChild(name)],
        undefined,
        [],
        (error, made) => {
          if (error !== null) this.server.reportError(error);
          else child = this.#add(made![0]);
        },
      );
    }
    found(child, child === null);
  }

  /** Looks at a child that the server asked for at the end of the turn: it stays if something was set on it, or a client is in. */
  #checkLater(child: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>): void {
    if (this.#asked.push(child) > 1) return;
    setImmediate(() => {
      for (const asked of this.#asked.splice(0)) asked.checkEmpty();
    });
  }

  #add(
    namespace: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
  ): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    this.byName.set(namespace.name, namespace);
    if (namespace.name !== '/') this.server.onNamespace(namespace);
    return namespace;
  }
}

interface Parent<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ServerSideEvents extends EventsMap,
  SocketData,
> {
  readonly pattern: RegExp | null;
  readonly match: NamespaceMatcher;
  readonly namespace: ParentNamespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
}
