import { AckError } from '../socketio/index.js';

/** What the sender of a broadcast is told; see `Adapter#broadcastWithAck`. */
export interface AckListener {
  onCount(clients: number): void;
  /** `onLeave` where the sender is of this package: a client that was asked will not answer. */
  readonly onAck: ((...args: unknown[]) => void) & { readonly onLeave?: (error: AckError) => void };
}

interface Answers {
  /** Clients that the node has asked; null until it has said. */
  asked: number | null;
  answered: number;
}

/** Broadcasts that wait for acks of other nodes. A node that is gone is counted out, so that it is not awaited. */
export class AckRequests {
  readonly #open = new Map<string, { readonly listener: AckListener; readonly nodes: Map<string, Answers> }>();

  open(id: string, nodes: readonly string[], listener: AckListener): void {
    this.#open.set(id, { listener, nodes: new Map(nodes.map((node) => [node, { asked: null, answered: 0 }])) });
  }

  /** @param isAll whether no other node has asked a client: those that have not said so are not awaited */
  receiveCount(id: string, node: string, clients: number, isAll: boolean): void {
    const request = this.#open.get(id);
    const answers = request?.nodes.get(node);
    if (request === undefined || answers === undefined || answers.asked !== null) return;
    const { listener, nodes } = request;
    answers.asked = clients;
    listener.onCount(clients);
    if (!isAll) return;
    for (const others of nodes.values()) {
      if (others.asked !== null) continue;
      others.asked = 0;
      listener.onCount(0);
    }
  }

  receiveAck(id: string, node: string, args: unknown[]): void {
    const request = this.#open.get(id);
    const answers = request?.nodes.get(node);
    if (request === undefined || answers === undefined) return;
    answers.answered++;
    request.listener.onAck(...args);
  }

  removeNode(node: string): void {
    for (const { listener, nodes } of this.#open.values()) {
      const answers = nodes.get(node);
      if (answers === undefined) continue;
      nodes.delete(node);
      if (answers.asked === null) listener.onCount(0);
      for (let owed = (answers.asked ?? 0) - answers.answered; owed > 0; owed--) {
        listener.onAck.onLeave?.(AckError.disconnected());
      }
    }
  }

  /** No answer counts any more. */
  close(id: string): void {
    this.#open.delete(id);
  }
}
