import type { Socket as ClientSocket } from 'socket.io-client';
import type { AdapterConstructor, Server, ServerOptions, Socket } from '../../../src/socketio/index.js';
import { connectClient, type ClientOptions } from '../../support/official-client.js';
import { startServer, type RunningServer } from '../../support/server.js';
import { nextEvent, until } from '../../support/until.js';
import { eventually } from './eventually.js';

/** How the servers of one cluster get their adapters; called once for each server. */
export type AdapterFactory = () => AdapterConstructor | Promise<AdapterConstructor>;

/** A client, and its socket on the server that it is connected to. */
export interface Member {
  readonly client: ClientSocket;
  readonly socket: Socket;
  readonly node: RunningServer;
}

/** Servers in this process that know each other through an adapter alone. */
export class Cluster {
  private constructor(readonly nodes: readonly RunningServer[]) {}

  /** Resolves once every server knows of every other one. */
  static async start(size: number, createAdapter: AdapterFactory, options: ServerOptions = {}): Promise<Cluster> {
    const nodes: RunningServer[] = [];
    for (let i = 0; i < size; i++) nodes.push(await startServer({ ...options, adapter: await createAdapter() }));
    const cluster = new Cluster(nodes);
    await cluster.open('/');
    return cluster;
  }

  /** The namespace on each server, once they all know of each other there. */
  async open(namespace: string): Promise<ReturnType<Server['of']>[]> {
    const namespaces = this.nodes.map(({ io }) => io.of(namespace));
    await eventually(async () => {
      const counts = await Promise.all(namespaces.map(({ adapter }) => adapter.serverCount()));
      return counts.every((count) => count === this.nodes.length);
    }, `all servers know of each other in ${namespace}`);
    return namespaces;
  }

  /** One client on each server, or with a count that many, dealt out in turn. */
  async members(count = this.nodes.length, namespace = '/', options?: ClientOptions): Promise<Member[]> {
    const members: Member[] = [];
    for (let i = 0; i < count; i++) members.push(await this.join(i % this.nodes.length, namespace, options));
    return members;
  }

  /** Connects a client to one of the servers. */
  async join(index: number, namespace = '/', options?: ClientOptions): Promise<Member> {
    const node = this.nodes[index];
    const connection = nextEvent(node.io.of(namespace), 'connection') as Promise<[Socket]>;
    const client = await connectClient(`${node.origin}${namespace}`, options);
    const [socket] = await connection;
    return { client, socket, node };
  }
}

/**
 * What each client got because of the action. One more event to everybody marks the end; it has to take the same way as
 * what the action sends, so that it cannot overtake.
 */
export async function heard(
  members: readonly Member[],
  action: () => unknown,
  end: (event: string) => unknown = (event) => members[0].socket.nsp.emit(event),
): Promise<unknown[][][]> {
  const event = `end-${++ends}`;
  const ended = members.map(({ client }) => nextEvent(client, event));
  const heardBy = members.map(({ client }) => record(client));
  await action();
  end(event);
  await Promise.all(ended);
  return heardBy.map((events) => events.filter(([name]) => !String(name).startsWith('end-')));
}

/** Resolves once what was asked of all sockets before, by this member's server, is done on every server. */
export async function settled(members: readonly Member[], by = members[0]): Promise<void> {
  const room = `settled-${++settlements}`;
  void by.socket.nsp.socketsJoin(room);
  await until(() => members.every(({ socket }) => socket.disconnected || socket.rooms.has(room)), 'all have settled');
}

/** The rooms of each member, without that of its own id and those of `settled`. */
export function roomsOf(members: readonly Member[]): string[][] {
  return members.map(({ socket }) =>
    [...socket.rooms].filter((room) => room !== socket.id && !room.startsWith('settled-')).sort(),
  );
}

function record(client: ClientSocket): unknown[][] {
  const events: unknown[][] = [];
  client.onAny((...args: unknown[]) => events.push(args));
  return events;
}

let ends = 0;
let settlements = 0;
