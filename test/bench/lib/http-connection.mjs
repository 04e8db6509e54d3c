import net from 'node:net';

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

  /** @type {(error: Error) => void} called when the server leaves a request unanswered, or answers what it must not */
  onFailure = () => {};

  /** @param {number} port */
  constructor(port) {
    this.#port = port;
  }

  /**
   * @param {string} request head and body
   * @param {(body: string) => void} answered called with the body of a 200
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
      socket.destroy();
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
    const end = this.#received.indexOf('\r\n\r\n');
    if (end === -1) return;
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#received.slice(0, end));
    if (!this.#received.startsWith('HTTP/1.1 200 ') || length === null || this.#answered === null) {
      this.onFailure(new Error(`expected a 200 with a length, got ${JSON.stringify(this.#received.slice(0, 200))}`));
      return;
    }
    const start = end + 4;
    const total = start + Number(length[1]);
    if (this.#received.length < total) return;
    const body = this.#received.slice(start, total);
    this.#received = this.#received.slice(total);
    const answered = this.#answered;
    this.#answered = null;
    answered(body);
  }
}
