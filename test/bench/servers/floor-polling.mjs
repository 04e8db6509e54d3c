import { randomBytes } from 'node:crypto';

const OPEN_TAIL = '","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}';

/** @type {Map<string, Poller>} */
const pollers = new Map();

/** @param {string} url of a request that names its session */
export function pollerOf(url) {
  const start = url.indexOf('&sid=');
  return start === -1 ? undefined : pollers.get(url.slice(start + 5));
}

/**
 * What two requests per message cost on `node:http`: bodies are read, replies cut from them.
 *
 * @type {import('node:http').RequestListener}
 */
export function answerPolling(request, response) {
  const poller = pollerOf(request.url);
  if (poller === undefined) {
    const sid = randomBytes(15).toString('base64url');
    pollers.set(sid, new Poller());
    respond(response, `0{"sid":"${sid}${OPEN_TAIL}`);
    return;
  }
  if (request.method === 'GET') {
    poller.poll(response);
    return;
  }
  request.on('data', (chunk) => poller.push(chunk.latin1Slice()));
  request.on('end', () => respond(response, 'ok'));
}

class Poller {
  #waiting = null;
  #packet = null;

  /** The session was probed: its poll must not wait longer. */
  release() {
    if (this.#waiting === null) this.#packet = '6';
    else respond(this.#waiting, '6');
    this.#waiting = null;
  }

  poll(response) {
    if (this.#packet === null) {
      this.#waiting = response;
      return;
    }
    respond(response, this.#packet);
    this.#packet = null;
  }

  push(packet) {
    this.#packet = packet === '40' ? `40{"sid":"${randomBytes(15).toString('base64url')}"}` : acknowledge(packet);
    if (this.#waiting === null) return;
    respond(this.#waiting, this.#packet);
    this.#waiting = this.#packet = null;
  }
}

/** `42<id>["echo","…"]` becomes `43<id>["…"]`. */
function acknowledge(packet) {
  return `43${packet.slice(2, packet.indexOf('[') + 1)}${packet.slice(packet.indexOf(',') + 1)}`;
}

function respond(response, body) {
  response.writeHead(200, { 'Content-Type': 'text/plain; charset=UTF-8', 'Content-Length': body.length });
  response.end(body);
}
