/** Another server of the cluster. */
export interface Peer {
  readonly name: string;
  /** When it began, by its clock: of several the oldest leads. */
  readonly since: number;
  /** The number of the last change that this server has of it; −1: none. */
  version: number;
  /** Whether it knows what the others have. */
  isReady: boolean;
  heardAt: number;
}

/** Which other servers there are, by what was heard of them. */
export class PresencePeers {
  readonly #peers = new Map<string, Peer>();

  hear(name: string, since: number, isReady: boolean): Peer {
    let peer = this.#peers.get(name);
    if (peer === undefined) this.#peers.set(name, (peer = { name, since, version: -1, isReady, heardAt: 0 }));
    peer.isReady = isReady;
    peer.heardAt = performance.now();
    return peer;
  }

  remove(name: string): void {
    this.#peers.delete(name);
  }

  /** The names of those that were silent for longer than this. */
  silentFor(ms: number): string[] {
    const limit = performance.now() - ms;
    return [...this.#peers.values()].filter(({ heardAt }) => heardAt < limit).map(({ name }) => name);
  }

  /** This process stood still: what the others sent meanwhile has not been read yet. */
  excuseAll(): void {
    for (const peer of this.#peers.values()) peer.heardAt = performance.now();
  }

  get areComplete(): boolean {
    return [...this.#peers.values()].every(({ version }) => version >= 0);
  }

  /** Undefined if there is none. */
  get oldest(): Peer | undefined {
    let oldest: Peer | undefined;
    for (const peer of this.#peers.values()) if (oldest === undefined || isOlder(peer, oldest)) oldest = peer;
    return oldest;
  }
}

export function isOlder(a: Pick<Peer, 'since' | 'name'>, b: Pick<Peer, 'since' | 'name'>): boolean {
  return a.since < b.since || (a.since === b.since && a.name < b.name);
}
