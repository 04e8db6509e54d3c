import assert from 'node:assert/strict';
import { MemorySocket } from './memory-socket.mjs';

/** One connection with one request, and what came back. */
export class HttpPeer {
  #socket = new MemorySocket();
  #isHead;

  /**
   * @param {import('node:http').Server} http
   * @param {string} method
   * @param {string[]} lines of the head, the first one included
   */
  constructor(http, method, lines, body = '') {
    this.#isHead = method === 'HEAD';
    http.emit('connection', this.#socket);
    this.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  }

  write(bytes) {
    this.#socket.arrive(Buffer.from(bytes, 'latin1'));
  }

  leave() {
    this.#socket.destroy();
  }

  get isCut() {
    return this.#socket.destroyed || this.#socket.writableEnded;
  }

  /** The status of the answer, 'cut', or 'waits'. */
  get outcome() {
    const [status] = this.statuses();
    return status ?? (this.isCut ? 'cut' : 'waits');
  }

  /** Of all answers; there must be one at most. */
  statuses() {
    const text = Buffer.concat(this.#socket.sent).toString('latin1');
    const found = [];
    for (let at = 0; at < text.length;) {
      const head = /^HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n/.exec(text.slice(at));
      assert.ok(head !== null, `no answer of HTTP: ${JSON.stringify(text.slice(at, at + 200))}`);
      const status = Number(head[1]);
      at += head[0].length;
      if (status === 101) return [...found, status];
      if (status < 200) continue;
      found.push(status);
      // What Node or Fastify refuse before they know the method has a body, for HEAD too.
      if (this.#isHead) at = nextAnswer(text, at);
      else if (status !== 204 && status !== 304) at = endOfBody(head[0], text, at);
    }
    return found;
  }
}

function nextAnswer(text, start) {
  const next = text.indexOf('HTTP/1.1 ', start);
  return next === -1 ? text.length : next;
}

function endOfBody(head, text, start) {
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(head);
  if (length !== null) return start + Number(length[1]);
  if (!/\r\ntransfer-encoding: chunked\r\n/i.test(head)) return text.length;
  for (let at = start; ;) {
    const line = text.indexOf('\r\n', at);
    if (line === -1) return text.length;
    const size = Number.parseInt(text.slice(at, line), 16);
    at = line + 2 + size + 2;
    if (!(size > 0)) return at;
  }
}
