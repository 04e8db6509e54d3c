import net from 'node:net';
import { gunzipSync, inflateSync } from 'node:zlib';

const DECODERS = { gzip: gunzipSync, deflate: inflateSync };

/**
 * One TCP connection of a browser, kept alive, on which one request follows the other. A server ends it where nothing is
 * asked for a while; then the next request goes over a new one.
 */
export class HttpConnection {
  #port;
  #socket = null;
  #received = '';
  #request = '';
  #isRetry = false;
  /** @type {((body: string) => void) | null} */
  #answered = null;

  /** As they were on the wire. */
  bytesReceived = 0;

  /** @type {(error: Error) => void} called when the server leaves a request unanswered, or answers what it must not */
  onFailure = () => {};

  /** @param {number} port */
  constructor(port) {
    this.#port = port;
  }

  /**
   * @param {string} request head and body
   * @param {(body: string) => void} answered called with the body of a 200, decoded
   */
  ask(request, answered) {
    this.#request = request;
    this.#answered = answered;
    this.#isRetry = this.#socket === null;
    this.#send();
  }

  close() {
    this.#answered = null;
    const socket = this.#socket;
    this.#socket = null;
    return new Promise((resolve) => {
      if (socket === null || socket.destroyed) return resolve();
      socket.once('close', () => resolve());
      // Otherwise its port would be kept for a minute: see Connection.close().
      socket.resetAndDestroy();
    });
  }

  #send() {
    this.#socket ??= this.#connect();
    this.#socket.write(this.#request, 'latin1');
  }

  #connect() {
    const socket = net.connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    socket.setEncoding('latin1');
    socket.on('data', (text) => this.#receive(text));
    socket.on('error', () => {});
    socket.on('close', () => this.#onClose(socket));
    return socket;
  }

  /** A request that crosses the server's closing of an idle connection was not read: it is sent again, once. */
  #onClose(socket) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    if (this.#answered === null) return;
    if (this.#isRetry || this.#received !== '') {
      this.onFailure(new Error('the server closed the connection without an answer'));
      return;
    }
    this.#isRetry = true;
    this.#send();
  }

  #receive(text) {
    this.#received += text;
    this.bytesReceived += text.length;
    const end = this.#received.indexOf('\r\n\r\n');
    if (end === -1) return;
    const head = this.#received.slice(0, end);
    if (!head.startsWith('HTTP/1.1 200 ') || !FRAMED.test(head) || this.#answered === null) {
      this.onFailure(new Error(`expected a 200 with a length, got ${JSON.stringify(head.slice(0, 200))}`));
      return;
    }
    const answer = takeBody(this.#received, end + 4, head);
    if (answer === null) return;
    this.#received = this.#received.slice(answer.end);
    const answered = this.#answered;
    this.#answered = null;
    answered(decode(answer.body, head));
  }
}

const FRAMED = /\r\n(?:content-length: *\d|transfer-encoding: *chunked)/i;

/** @returns {{ body: string, end: number } | null} null when it has not arrived whole */
function takeBody(text, start, head) {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (length === null) return takeChunks(text, start);
  const end = start + Number(length[1]);
  return text.length < end ? null : { body: text.slice(start, end), end };
}

function takeChunks(text, start) {
  let body = '';
  for (let at = start; ;) {
    const line = text.indexOf('\r\n', at);
    if (line === -1) return null;
    const length = Number.parseInt(text.slice(at, line), 16);
    const end = line + 2 + length + 2;
    if (text.length < end) return null;
    if (length === 0) return { body, end };
    body += text.slice(line + 2, end - 2);
    at = end;
  }
}

function decode(body, head) {
  const encoding = /\r\ncontent-encoding: *(\w+)/i.exec(head);
  if (encoding === null) return body;
  return DECODERS[encoding[1]](Buffer.from(body, 'latin1')).toString('latin1');
}
