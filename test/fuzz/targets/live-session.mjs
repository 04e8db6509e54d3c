/**
 * A live session of a Socket.IO server on each transport: whatever it sends, cut anywhere, another client is served, and
 * nothing is left of it once it is gone.
 */
import { LiveServer } from '../lib/live-server.mjs';
import { PollingPeer, WebSocketPeer } from '../lib/live-peers.mjs';
import { SOCKETIO_SEEDS, SOCKETIO_WORDS } from '../lib/socketio-words.mjs';

/** Four bytes: the transport, the cuts, how the bytes of frames are harmed, how the peer leaves. Then its packets. */
const PLAN = 4;
/** More would take time that is theirs by right. */
const MOST_PACKETS = 2_000;
const FIRST_V3 = 3;
const SEPARATOR = '\x1e';
const JOINED = ['40/chat,', '42["echo",1]', '421["echo",{"a":[1]}]', '42["join","a","b"]', '42["ask"]', '430[1]', '3'];

export const seeds = [0, 1, 2, 3, 4].flatMap((transport) => [
  plan(transport, 0, 0, 0, ...JOINED),
  plan(transport, 1, 0, 1, ...JOINED, '451-["echo",{"_placeholder":true,"num":0}]', 'bAQID', '41'),
  plan(
    transport,
    2,
    1,
    2,
    ...JOINED,
    '452-/chat,7["echo",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]',
    'b',
    'bAA==',
  ),
  plan(transport, 3, 0, 3, '40/room-1,{"token":1}', '42/room-1,["echo","😀"]', '41/room-1,', '42/room-1,["late"]', '1'),
  plan(transport, 4, 0, 0, ...SOCKETIO_SEEDS.map((packet) => `4${packet}`)),
  plan(transport, 5, 2, 1, ...Array(300).fill('42["echo"]')),
]);
export const dictionary = [
  ...SOCKETIO_WORDS,
  '\x1e40',
  '\x1e41',
  '\x1e42["echo"]',
  '\x1e42["ask"]',
  '\x1e430[]',
  '\x1e3',
  '\x1e2probe',
].concat([
  '\x1eb',
  '\x1e1',
  '\x1e5',
  '\x1e6',
  '\x1e0',
  '\x1e40/room-2,',
  '\x1e41/chat,',
  '\x1e451-["echo",',
  '\x1ebAAAA',
  '4',
  'b4',
]);

const server = await LiveServer.start();
let packets = 0;
let chunks = 0;

export function counts() {
  return { packets, chunks };
}

export async function run(input) {
  const [transport = 0, cuts = 0, harm = 0, leave = 0] = input;
  const sent = input
    .toString('utf8', PLAN)
    .split(SEPARATOR)
    .filter((packet) => packet !== '')
    .slice(0, MOST_PACKETS);
  packets += sent.length;
  const peer = PEERS[transport % PEERS.length](server);
  chunks += await peer.send(sent, cuts, harm);
  await server.settle();
  const outcome = peer.outcome();
  await peer.leave(leave);
  await server.checkBaseline();
  await server.checkBystander();
  return `${PEER_NAMES[transport % PEERS.length]}: ${outcome}`;
}

const PEERS = [
  (live) => new WebSocketPeer(live, 4),
  (live) => new PollingPeer(live, 4),
  (live) => new PollingPeer(live, 4).upgrading(),
  (live) => new WebSocketPeer(live, 3),
  (live) => new PollingPeer(live, 3),
];
const PEER_NAMES = ['websocket', 'polling', 'upgrade', 'websocket v3', 'polling v3'];

function plan(transport, cuts, harm, leave, ...sent) {
  // A client of v3 is in the main namespace by itself.
  const joined = transport >= FIRST_V3 ? sent : ['40', ...sent];
  return Buffer.concat([Buffer.of(transport, cuts, harm, leave), Buffer.from(joined.join(SEPARATOR))]);
}
