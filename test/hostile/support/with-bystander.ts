import { MODULE_DEFAULTS, type ServerOptions } from '../../../src/socketio/index.js';
import type { Frame } from '../../support/engine-client.js';
import { connectClient, type ClientSocket } from '../../support/official-client.js';
import { joinedPeer, openPeer, untilGone, type Peer, type PeerTransport } from '../../support/peer.js';
import { RawSocket, openRawWebSocket } from '../../support/raw-socket.js';
import { startServer, type RunningServer } from '../../support/server.js';
import { elapse, within } from '../../support/until.js';
import { holdingsOf, untilBaseline } from './holdings.js';

/** How soon another client is answered, whatever a hostile one does. */
const ECHO_MS = 1_000;
const PAUSE_BETWEEN_ECHOES = 20;
/** For what a hostile peer began to end; longer than any time limit that a test sets. */
const PATIENCE = 4_000;

export type Attack = (scene: Scene) => Promise<unknown>;

/**
 * Lets a hostile peer at a server, and holds what must be true for each of its kind: the process lives and nothing is
 * rejected unhandled (the runner fails a test for either), another client gets an echo within a second meanwhile and
 * afterwards, and connections, sessions, timers, rooms, acks and listeners are what they were.
 */
export async function withBystander(attack: Attack, options: ServerOptions = {}): Promise<void> {
  await attackOn(await startServer(options, MODULE_DEFAULTS), attack);
}

/** The same for a server that runs already; its `/` answers `echo`. */
export async function attackOn(server: RunningServer, attack: Attack, patience = PATIENCE): Promise<void> {
  const bystander = await connectClient(server.origin);
  const before = await holdingsOf(server);
  const scene = new Scene(server);
  await echoesWhile(bystander, attack(scene));
  await scene.end();
  await untilBaseline(server, before, patience);
  await echo(bystander);
  expect(server.errors).toEqual([]);
}

/** Where an attack takes place. What it opens here leaves when it is over. */
export class Scene {
  readonly #raws: RawSocket[] = [];
  readonly #peers: Peer[] = [];

  constructor(readonly server: RunningServer) {}

  /** A TCP connection. */
  raw(): RawSocket {
    const raw = new RawSocket(this.server.port);
    this.#raws.push(raw);
    return raw;
  }

  /** A WebSocket by hand, behind its open packet. */
  async websocket(): Promise<RawSocket> {
    const raw = await openRawWebSocket(this.server.port, '/socket.io/');
    this.#raws.push(raw);
    return raw;
  }

  /** A session that has joined no namespace. */
  async peer(transport: PeerTransport): Promise<Peer> {
    return this.#take(await openPeer(transport, this.server.url));
  }

  /** A session in the main namespace. */
  async joined(transport: PeerTransport): Promise<Peer> {
    return this.#take(await joinedPeer(transport, this.server.url));
  }

  /** Why the youngest session ended; resolves once it has. */
  closeOfYoungest(): Promise<unknown[]> {
    const session = [...this.server.io.engine.sessions.values()].at(-1)!;
    const closed = new Promise<unknown[]>((resolve) => session.once('close', (...args) => resolve(args)));
    return within(closed, 'the session to end', PATIENCE);
  }

  /** Sends what breaks the protocol: the session of `peer`, the youngest, ends with this code, and the peer hears of it. */
  async endWith(peer: Peer, packets: readonly Frame[], code: string): Promise<void> {
    const closed = this.closeOfYoungest();

    await peer.send(...packets);
    await untilGone(peer);

    expect(await closed).toEqual(['parse error', expect.objectContaining({ code })]);
  }

  /** What was reported since the last look; an attack upon which something must be takes it from here. */
  takeReported(): unknown[] {
    return this.server.errors.splice(0);
  }

  async end(): Promise<void> {
    for (const raw of this.#raws) raw.drop(true);
    // Of those whose session has ended the farewell comes too late.
    await Promise.allSettled(this.#peers.map((peer) => peer.leave()));
  }

  #take(peer: Peer): Peer {
    this.#peers.push(peer);
    return peer;
  }
}

async function echoesWhile(client: ClientSocket, attack: Promise<unknown>): Promise<void> {
  const state = { isOver: false };
  const over = (): void => void (state.isOver = true);
  attack.then(over, over);
  while (!state.isOver) {
    await echo(client);
    await Promise.race([elapse(PAUSE_BETWEEN_ECHOES), attack.catch(over)]);
  }
  await attack;
}

async function echo(client: ClientSocket): Promise<void> {
  const value = Math.random();
  expect(await within(client.emitWithAck('echo', value), 'an echo for another client', ECHO_MS)).toBe(value);
}
