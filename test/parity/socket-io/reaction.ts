import { EventEmitter } from 'node:events';
import type { Server as OfficialServer } from 'socket.io';
import type { Server } from '../../../src/socketio/index.js';
import type { Try } from './corpus.js';

/** What a message costs its client. */
export type Cost = 'nothing' | 'the packet' | 'the socket' | 'the session';

/** What a server did with a try. */
export interface Reaction {
  readonly cost: Cost;
  /** What its listeners heard, and what its acks were given. */
  readonly heard: readonly unknown[];
  /** What it wrote, without ids that are its own. */
  readonly written: readonly unknown[];
  /** Why it ended the session, if it says so. */
  readonly code: string | null;
}

/** A session of an Engine.IO server, by hand: messages go in and out without a wire. */
class Wire extends EventEmitter {
  readonly protocol = 4;
  readonly remoteAddress = '127.0.0.1';
  readonly transport = { name: 'websocket', writable: true };
  readonly request = { headers: {}, url: '/', connection: {}, socket: {}, _query: {} };
  readonly written: unknown[] = [];
  readyState = 'open';

  constructor(readonly id: string) {
    super();
  }

  write(data: string | Buffer): void {
    this.written.push(data);
  }

  close(): void {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    this.emit('close', 'forced close');
  }
}

let wires = 0;

/** Lets a client that is in `/` and `/other`, and owes an ack in `/`, send what a try has. */
export async function reactionOf(server: Server | OfficialServer, frames: Try): Promise<Reaction> {
  const heard: unknown[] = [];
  const ended: unknown[] = [];
  const hear = (socket: AnySocket): void => {
    const nsp = socket.nsp.name;
    // An event without a name, or of a client that has left, reaches no other listener; there it reaches those of onAny.
    socket.onAny((...args: unknown[]) => {
      if (typeof args[0] !== 'function' && args.length > 0 && socket.connected) heard.push([nsp, ...args.map(plain)]);
    });
    socket.on('disconnect', (_reason: unknown, details?: { code?: string }) => ended.push(nsp, details?.code));
  };
  const namespaces = ['/', '/other', '/third'].map((name) => (server as Server).of(name));
  for (const namespace of namespaces) namespace.on('connection', hear as never);
  const wire = new Wire(`wire-${wires++}`);
  (server as Server).onconnection(wire as never);
  wire.emit('data', '0');
  wire.emit('data', '0/other,');
  await settled();
  for (const socket of namespaces[0].sockets.values()) {
    socket.emit('ask', (...args: unknown[]) => heard.push(['ack', ...args]));
  }
  await settled();
  wire.written.length = 0;

  for (const frame of frames) if (wire.readyState === 'open') wire.emit('data', frame);
  await settled();

  const isOpen = wire.readyState === 'open';
  const isIn = namespaces[0].sockets.size === 1;
  const code = ended.find((each) => typeof each === 'string' && !each.startsWith('/')) as string | undefined;
  const reaction = { heard: [...heard], written: wire.written.map(withoutIds), code: isOpen ? null : (code ?? null) };
  wire.close();
  for (const namespace of namespaces) namespace.off('connection', hear as never);
  const isHeard = reaction.heard.length > 0 || reaction.written.some((frame) => !isRefusal(frame));
  const cost: Cost = !isOpen ? 'the session' : !isIn ? 'the socket' : isHeard ? 'nothing' : 'the packet';
  return { ...reaction, cost };
}

interface AnySocket {
  readonly nsp: { readonly name: string };
  readonly connected: boolean;
  onAny(listener: (...args: unknown[]) => void): unknown;
  on(event: string, listener: (...args: never[]) => void): unknown;
}

/** A CONNECT_ERROR. */
function isRefusal(frame: unknown): boolean {
  return typeof frame === 'string' && frame.startsWith('4');
}

/** Acks are functions; only that there is one can be compared. */
function plain(value: unknown): unknown {
  return typeof value === 'function' ? '(ack)' : value;
}

function withoutIds(frame: unknown): unknown {
  return typeof frame === 'string' ? frame.replace(/"sid":"[^"]*"/, '"sid":""') : frame;
}

/** What servers put off to the end of the tick, or of the turn, is done. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
}
