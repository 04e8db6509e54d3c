/** Requests and upgrades of an engine: each is answered once, by what the protocol knows, and leaves nothing behind. */
import assert from 'node:assert/strict';
import {
  ENGINE_DEFAULTS,
  EngineServer,
  OptionReader,
  TimerWheel,
  parseQuery,
  resolveEngineOptions,
} from '../../../dist/cjs/engine/index.js';
import { MemoryExchange, UPGRADE_HEADERS, memoryRequest } from '../lib/memory-exchange.mjs';
import { MemorySocket } from '../lib/memory-socket.mjs';

/** `<method> <url>`, then a header in each line. */
export const seeds = [
  'GET /engine.io/?EIO=4&transport=polling\nhost: localhost',
  'POST /engine.io/?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA\ncontent-type: text/plain\ncontent-length: 5',
  'GET /engine.io/?EIO=3&transport=polling&b64=1&t=abc\norigin: http://localhost:80\nhost: localhost',
  'OPTIONS /engine.io/?EIO=4&transport=polling\norigin: https://app.example\naccess-control-request-method: POST',
  'UPGRADE /engine.io/?EIO=4&transport=websocket\norigin: https://app.example\ncookie: io=1; a=b',
  'UPGRADE /engine.io/?EIO=4&transport=websocket\nsec-websocket-extensions: permessage-deflate; client_max_window_bits=9',
  'UPGRADE /engine.io/?EIO=4&transport=websocket\nsec-websocket-protocol: a, b\nsec-websocket-version: 8\nconnection: x',
  'GET /engine.io/?EIO=4&transport=polling&j=0\nx-forwarded-host: a.example, b\naccept-encoding: gzip;q=0, deflate',
];
export const dictionary = [
  'EIO=4',
  'EIO=3',
  '&transport=',
  'polling',
  'websocket',
  'webtransport',
  '&sid=',
  '&j=',
  '&b64=1',
].concat(
  [
    '\norigin: ',
    '\nhost: ',
    'null',
    'https://',
    '\nsec-websocket-key: ',
    '\nsec-websocket-extensions: ',
    '*',
    ';',
    '=',
  ],
  [
    'permessage-deflate',
    'server_max_window_bits=',
    '; ',
    ', ',
    '\nupgrade: ',
    'GET ',
    'POST ',
    'PUT ',
    '%',
    '+',
    '?',
    '#',
    '&',
  ],
);

const STATUS = new Set([101, 200, 204, 400, 403, 413]);
const METHODS = new Set(['GET', 'POST', 'PUT', 'OPTIONS']);
const BODY = /^\{"code":[0-5],"message":"[A-Z][\w -]+"\}$/;

const wheel = new TimerWheel();
const engine = new EngineServer(
  resolveEngineOptions(
    new OptionReader({
      allowEIO3: true,
      checkOrigin: true,
      trustProxy: true,
      perMessageDeflate: true,
      cookie: true,
      cors: { origin: ['https://app.example'], credentials: true },
    }),
    ENGINE_DEFAULTS,
  ),
  { wheel, keepsRequests: false, splitsJoinedFrames: true, warn: () => {}, answerOther: () => null },
);

export function run(input) {
  const [first, ...lines] = input.toString('latin1').split('\n');
  const [method, ...rest] = first.split(' ');
  const headers = Object.fromEntries(lines.map((line) => splitAt(line, ': ')).filter(([name]) => name !== ''));
  const url = rest.join(' ');
  const query = url.includes('?') ? url.slice(url.indexOf('?') + 1) : '';
  assert.deepEqual(parseQuery(url), Object.fromEntries(new URLSearchParams(query)));
  return method === 'UPGRADE' ? upgrade(url, headers) : exchange(method, url, headers);
}

function exchange(method, url, headers) {
  const http = new MemoryExchange(memoryRequest(method, url, headers));
  engine.handleExchange(http);
  assert.equal(http.answers, 1);
  const { status, body } = http.answer;
  assert.ok(STATUS.has(status), String(status));
  if (status >= 400) assert.match(String(body), BODY);
  closeAll();
  return `${METHODS.has(method) ? method : 'another method'} ${status} ${status >= 400 ? body : ''}`;
}

async function upgrade(url, headers) {
  const socket = new MemorySocket();
  const request = memoryRequest('GET', url, { ...UPGRADE_HEADERS, ...headers }, socket);
  engine.handleUpgrade(request, socket, Buffer.alloc(0));
  // The 101 leaves at the end of the tick.
  await new Promise(setImmediate);
  const head = Buffer.concat(socket.sent).toString('latin1');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
  assert.ok(STATUS.has(status), head);
  assert.equal(head.split('HTTP/1.1').length, 2, 'answered twice');
  if (status !== 101) assert.match(head.split('\r\n\r\n')[1], BODY);
  closeAll();
  socket.destroy();
  await new Promise(setImmediate);
  return `UPGRADE ${status} ${status === 101 ? (/Extensions: permessage-deflate/.exec(head) ?? '') : head.split('\r\n\r\n')[1]}`;
}

function closeAll() {
  for (const session of engine.sessions.values()) session.close(true);
  assert.equal(engine.clientsCount, 0);
  assert.equal(wheel.size, 0, 'a timer is left');
}

function splitAt(line, separator) {
  const at = line.indexOf(separator);
  return at === -1 ? ['', ''] : [line.slice(0, at).toLowerCase(), line.slice(at + separator.length)];
}
