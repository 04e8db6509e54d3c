interface NamespaceMember {
  readonly nsp: { readonly name: string };
}

/** The namespaces of one connection: those that it is in, those that it wants to be in, and those that it was in. */
export class JoinedNamespaces<Member extends NamespaceMember, Pending> {
  /** A connection has few, so that searching beats a table. */
  readonly #sockets: Member[] = [];
  /** CONNECT packets that are being decided. An idle connection keeps no table for those that are not (bench: idle). */
  #pending: Map<string, Pending> | null = null;
  /** Packets for a namespace that was left may still be on their way. At most `maxNamespaces` names. */
  #left: Set<string> | null = null;

  constructor(private readonly maxNamespaces: number) {}

  /** A copy: what is done with a socket may end others. */
  get sockets(): Member[] {
    return this.#sockets.slice();
  }

  /** Whether the connection is in no namespace. */
  get isEmpty(): boolean {
    return this.#sockets.length === 0;
  }

  get isWaiting(): boolean {
    return this.#pending !== null;
  }

  /** CONNECT packets that are being decided. */
  get pending(): number {
    return this.#pending?.size ?? 0;
  }

  get isFull(): boolean {
    return this.#sockets.length + this.pending >= this.maxNamespaces;
  }

  find(nsp: string): Member | null {
    const sockets = this.#sockets;
    for (let i = 0; i < sockets.length; i++) if (sockets[i].nsp.name === nsp) return sockets[i];
    return null;
  }

  isPending(nsp: string): boolean {
    return this.#pending !== null && this.#pending.has(nsp);
  }

  /** Whether packets for a namespace that the connection is not in may be late. */
  hasLeft(nsp: string): boolean {
    return this.#left !== null && this.#left.has(nsp) && !this.isPending(nsp);
  }

  begin(nsp: string, pending: Pending): void {
    (this.#pending ??= new Map()).set(nsp, pending);
  }

  settle(nsp: string): void {
    if (this.#pending?.delete(nsp) && this.#pending.size === 0) this.#pending = null;
  }

  /** Returns what was being decided, and forgets it. */
  takePending(): Pending[] {
    const pending = this.#pending === null ? [] : [...this.#pending.values()];
    this.#pending = null;
    return pending;
  }

  add(socket: Member): void {
    this.#left?.delete(socket.nsp.name);
    this.#sockets.push(socket);
  }

  /** Returns false for one that was never in. */
  remove(socket: Member): boolean {
    const index = this.#sockets.indexOf(socket);
    if (index === -1) return false;
    this.#sockets.splice(index, 1);
    this.#left ??= new Set();
    if (this.#left.size >= this.maxNamespaces) this.#left.clear();
    this.#left.add(socket.nsp.name);
    return true;
  }
}
