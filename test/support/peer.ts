import { openPolling, poll, push, type Frame } from './engine-client.js';
import { openSession } from './socketio-client.js';

/** A hand-made client of the protocol: what it sends travels as it stands, on the transport that was asked for. */
export interface Peer {
  /** Sends Engine.IO packets: text with its type, bytes as a binary message. Over polling all in one body. */
  send(...packets: Frame[]): Promise<unknown>;
  /** The next packet that is no noop. Rejects once there will be none. */
  next(): Promise<Frame>;
  /** Ends the session from this side. */
  leave(): Promise<unknown>;
}

export const TRANSPORTS = ['websocket', 'polling'] as const;
export type PeerTransport = (typeof TRANSPORTS)[number];

/** A session that has joined no namespace. */
export async function openPeer(transport: PeerTransport, url: string): Promise<Peer> {
  return transport === 'websocket' ? openWebSocketPeer(url) : openPollingPeer(url);
}

/** A session in the main namespace. */
export async function joinedPeer(transport: PeerTransport, url: string): Promise<Peer> {
  const peer = await openPeer(transport, url);
  await peer.send('40');
  await peer.next();
  return peer;
}

/** Reads on until the session is over, as its peer sees it. */
export async function untilGone(peer: Peer): Promise<void> {
  for (;;) {
    const packet = await peer.next().catch(() => null);
    if (packet === null) return;
  }
}

async function openWebSocketPeer(url: string): Promise<Peer> {
  const wire = await openSession(url);
  return {
    send: async (...packets) => packets.forEach((packet) => wire.send(packet)),
    next: () => wire.next(),
    leave: async () => wire.close(),
  };
}

async function openPollingPeer(url: string): Promise<Peer> {
  const session = await openPolling(url);
  const unread: string[] = [];
  async function next(): Promise<Frame> {
    while (unread.length === 0) {
      const answer = await poll(session);
      if (answer.status !== 200) throw new Error(`the session is gone: ${answer.status} ${answer.body}`);
      unread.push(...answer.body.split('\x1e').filter((packet) => packet !== '6'));
    }
    const packet = unread.shift()!;
    if (packet === '1') throw new Error('the session was closed');
    return packet.startsWith('b') ? Buffer.from(packet.slice(1), 'base64') : packet;
  }
  return {
    send: (...packets) =>
      push(
        session,
        packets.map((each) => (typeof each === 'string' ? each : `b${each.toString('base64')}`)).join('\x1e'),
      ),
    next,
    leave: () => push(session, '1'),
  };
}
