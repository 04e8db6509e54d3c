/**
 * The doors of an engine, through `./server`, Express and Fastify: requests and upgrades of any method, transport and
 * revision, with the sid of a session in any state, before and after what decides about them. Each is answered once, or
 * cut; nothing is left, and the process lives.
 */
import assert from 'node:assert/strict';
import { clientFrame } from '../lib/frames.mjs';
import { startFronts } from '../lib/fronts.mjs';
import { HttpPeer } from '../lib/http-peer.mjs';

/** The first byte tells the way, the second what comes of what was not decided about. Then a step in each line. */
const PLAN = 2;
const MOST_STEPS = 12;
/** Turns of the loop that whatever was begun may take to end. */
const PATIENCE = 300;
const TURNS = 4;

const POLLING = '/socket.io/?EIO=4&transport=polling';
const WEBSOCKET = '/socket.io/?EIO=4&transport=websocket';
const KINDS = ['$P', '$W', '$U', '$C', '$G'];

export const seeds = [0, 1, 2].flatMap((way) => [
  script(way, `GET ${POLLING}&sid=$P`, `POST ${POLLING}&sid=$P\t42["echo"]`, 'WAIT', `GET ${POLLING}&sid=$P`),
  script(way, `GET ${WEBSOCKET}&sid=$W`, `POST ${WEBSOCKET}&sid=$W\t4`, `UPGRADE ${WEBSOCKET}&sid=$W`),
  script(way, `GET ${POLLING}&sid=$U`, `UPGRADE ${WEBSOCKET}&sid=$U`, `POST ${POLLING}&sid=$U\t4`, 'FRAME 5'),
  script(way, `GET ${POLLING}&sid=$C`, `POST ${POLLING}&sid=$C\t4`, `UPGRADE ${WEBSOCKET}&sid=$C`),
  script(way, `GET ${POLLING}&sid=$G`, `GET ${WEBSOCKET}&sid=$G`, `UPGRADE ${WEBSOCKET}&sid=$G`),
  script(
    way,
    `GET ${POLLING}&later`,
    `UPGRADE ${WEBSOCKET}&later`,
    'WAIT',
    'YES',
    `GET ${POLLING}&later`,
    'LEAVE',
    'NO',
  ),
  script(way, `UPGRADE ${WEBSOCKET}&sid=$P`, 'WAIT', 'FRAME 2probe', `GET ${POLLING}&sid=$P`, 'FRAME 5', 'CLOSE'),
  script(way, `GET ${POLLING}&sid=$P`, `GET ${POLLING}&sid=$P`, 'WAIT', 'LEAVE', `GET ${POLLING}&sid=$P`, 'CLOSE'),
  script(way, `OPTIONS ${POLLING}`, `PUT ${POLLING}`, `HEAD ${POLLING}&sid=$P`, 'GET /socket.io/socket.io.js', 'GET /'),
  script(way, `UPGRADE ${POLLING}&sid=$P`, `UPGRADE /`, `H2C ${POLLING}`, `GET /socket.io/?EIO=3&transport=polling`),
]);
export const dictionary = ['GET ', 'POST ', 'PUT ', 'HEAD ', 'OPTIONS ', 'DELETE ', 'UPGRADE ', 'H2C '].concat(
  ['\n', '\t', '\nWAIT\n', '\nYES\n', '\nNO\n', '\nLEAVE\n', '\nCLOSE\n', '\nFRAME 2probe\n', '\nFRAME 5\n'],
  ['/socket.io/', '?', '&', 'EIO=4', 'EIO=3', 'EIO=5', '&transport=', 'polling', 'websocket', 'webtransport', '&later'],
  ['&sid=', ...KINDS, 'AAAAAAAAAAAAAAAAAAAA', '&j=1', '&b64=1', '%', '#', '1', '2probe', '3', '40', '42["echo"]'],
);

const fronts = await startFronts();
const baselines = fronts.map(counts);

export async function run(input) {
  const way = (input[0] ?? 0) % fronts.length;
  const scene = new Scene(fronts[way]);
  const steps = input.toString('latin1', PLAN).replaceAll('\r', '').split('\n').slice(0, MOST_STEPS);
  for (const step of steps) await scene.take(step);
  await scene.end((input[1] ?? 0) % 2 === 0);
  await until(() => sameAs(counts(fronts[way]), baselines[way]));
  assert.deepEqual(counts(fronts[way]), baselines[way]);
  return `${fronts[way].name}: ${[...new Set(scene.outcomes())].sort().join(' ')}`;
}

/** The connections of one input, and the sessions that it names. */
class Scene {
  #front;
  #peers = [];
  #sids = new Map();
  /** Where frames go: the youngest WebSocket. */
  #websocket = null;

  constructor(front) {
    this.#front = front;
  }

  async take(step) {
    const [, verb, rest] = /^(\S*) ?(.*)$/s.exec(step);
    const { decisions, io } = this.#front;
    if (verb === 'WAIT') await settle();
    else if (verb === 'YES' || verb === 'NO') decisions.decide(verb === 'YES');
    else if (verb === 'LEAVE') this.#peers.at(-1)?.leave();
    else if (verb === 'CLOSE') for (const session of [...io.engine.sessions.values()]) session.close();
    else if (verb === 'FRAME') this.#websocket?.write(clientFrame(0x81, Buffer.from(rest)));
    else if (verb !== '') await this.#request(verb, rest);
  }

  /** Everything that waits is over: who has asked has an answer, or no connection. */
  async end(allows) {
    const { io, decisions } = this.#front;
    await settle();
    decisions.decide(allows);
    await settle();
    for (const session of [...io.engine.sessions.values()]) session.close(true);
    await until(() => this.#peers.every((peer) => peer.isCut || peer.outcome !== 'waits'));
    for (const peer of this.#peers) {
      assert.notEqual(peer.outcome, 'waits', 'a request has no answer');
      assert.ok(peer.statuses().length <= 1, 'a request has more than one answer');
      peer.leave();
    }
    await settle();
  }

  outcomes() {
    return this.#peers.map(({ outcome }) => outcome);
  }

  async #request(verb, rest) {
    const [target, body = ''] = (await this.#named(rest)).split('\t');
    const peer = this.#send(verb, target, body);
    if (verb === 'UPGRADE') this.#websocket = peer;
  }

  #send(verb, target, body = '') {
    const method = verb === 'UPGRADE' || verb === 'H2C' ? 'GET' : verb;
    const lines = [`${method} ${target} HTTP/1.1`, 'Host: localhost'];
    if (verb === 'UPGRADE') lines.push(...UPGRADE_LINES);
    else if (verb === 'H2C')
      lines.push('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk');
    else lines.push('Connection: close');
    if (body !== '') lines.push('Content-Type: text/plain;charset=UTF-8', `Content-Length: ${body.length}`);
    const peer = new HttpPeer(this.#front.http, method, lines, body);
    this.#peers.push(peer);
    return peer;
  }

  /** The sids of the sessions that a step names. */
  async #named(text) {
    for (const kind of KINDS) {
      if (!text.includes(kind)) continue;
      if (!this.#sids.has(kind)) this.#sids.set(kind, await this.#makeSession(kind));
      text = text.replaceAll(kind, this.#sids.get(kind));
    }
    return text;
  }

  async #makeSession(kind) {
    const { engine } = this.#front.io;
    const connected = new Promise((resolve) => engine.once('connection', resolve));
    const first = kind === '$W' ? this.#send('UPGRADE', WEBSOCKET) : this.#send('GET', POLLING);
    const session = await connected;
    if (kind === '$W') this.#websocket = first;
    if (kind === '$U') {
      this.#websocket = this.#send('UPGRADE', `${WEBSOCKET}&sid=${session.id}`);
      await settle();
      this.#websocket.write(clientFrame(0x81, Buffer.from('2probe')));
    }
    await settle();
    if (kind === '$C') {
      session.send('the client has not asked for this yet');
      session.close();
    }
    if (kind === '$G') session.close(true);
    return session.id;
  }
}

function counts({ io }) {
  return { sessions: io.engine.clientsCount, timers: io.wheel.size + io.idleWheel.size, namespaces: io._nsps.size };
}

function sameAs(one, other) {
  return Object.keys(one).every((key) => one[key] === other[key]);
}

async function settle() {
  for (let i = 0; i < TURNS; i++) await new Promise(setImmediate);
}

async function until(condition) {
  for (let turn = 0; turn < PATIENCE && !condition(); turn++) await new Promise(setImmediate);
}

function script(way, ...steps) {
  return `${String.fromCharCode(way)}\x00${steps.join('\n')}`;
}

const UPGRADE_LINES = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AQEBAQEBAQEBAQEBAQEBAQ==',
];
