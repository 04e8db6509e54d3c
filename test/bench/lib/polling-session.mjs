import { Connection } from './connection.mjs';
import { HttpConnection } from './http-connection.mjs';
import { COUNT_FRAME, COUNT_REPLY_FRAME, PING_FRAME, UPGRADE_FRAME, pollingHead } from './wire.mjs';

/** One session over HTTP long-polling: polls go over one connection, POSTs over another, as a browser does it. */
export class PollingSession {
  #port;
  #query = '';
  #pollHead = '';
  #polls;
  /** Opened when it is needed: while a poll waits, a POST cannot go over its connection. */
  #pushes = null;
  #upgraded = null;
  /** @type {(error: Error) => void} */
  onFailure = () => {};

  /**
   * Resolves when the server has answered the CONNECT: GET -> `0{…}`, POST `40` -> `ok`, GET -> `40{…}`.
   *
   * @param {{ port: number }} target
   * @returns {Promise<PollingSession>}
   */
  static async open(target) {
    const session = new PollingSession(target.port);
    await session.#connect();
    return session;
  }

  /**
   * The same, then moves to a WebSocket; resolves when the server answers there what was asked behind the upgrade.
   *
   * @param {{ port: number }} target
   * @returns {Promise<PollingSession>}
   */
  static async openAndUpgrade(target) {
    const session = await PollingSession.open(target);
    await session.#upgrade(target);
    return session;
  }

  constructor(port) {
    this.#port = port;
    this.#polls = this.#newConnection();
  }

  /** Some servers ping at once, which is no answer. @param {(body: string) => void} answered */
  poll(answered) {
    this.#polls.ask(this.#pollHead, (body) => {
      if (body === '2') this.poll(answered);
      else answered(body.startsWith('2\x1e') ? body.slice(2) : body);
    });
  }

  /**
   * @param {string} body ASCII
   * @param {(body: string) => void} answered
   */
  push(body, answered) {
    this.#pushes ??= this.#newConnection();
    this.#pushes.ask(this.#pushRequest(body), answered);
  }

  /** With the heads of the answers. */
  get bytesReceived() {
    return this.#polls.bytesReceived + (this.#pushes?.bytesReceived ?? 0);
  }

  /** Ends the session; nothing is under way. */
  async close() {
    await this.#leave();
    await this.#upgraded?.close();
  }

  /** The same, but where it was upgraded, the WebSocket is reset. */
  async drop() {
    await this.#leave();
    await this.#upgraded?.drop();
  }

  /** Says so where nothing else does: the server does not see connections that carry no request. */
  async #leave() {
    if (this.#upgraded === null) await this.#ask(this.#pushRequest('1')).catch(() => {});
    this.onFailure = () => {};
    await Promise.all([this.#polls.close(), this.#pushes?.close()]);
  }

  async #connect() {
    const open = await this.#ask(pollingHead(this.#port, 'GET', ''));
    const sid = /^0\{.*"sid":"([^"]+)"/.exec(open);
    if (sid === null) throw new Error(`expected an open packet, got ${open}`);
    this.#query = `&sid=${sid[1]}`;
    this.#pollHead = pollingHead(this.#port, 'GET', this.#query);
    expect('ok', await this.#ask(this.#pushRequest('40')));
    const reply = await this.#askPoll();
    if (!reply.startsWith('40{"sid":"')) throw new Error(`expected a CONNECT reply, got ${reply}`);
  }

  /** The server answers the waiting poll with a noop once it was probed, and nothing to the upgrade itself. */
  async #upgrade(target) {
    const [last, upgraded] = await Promise.all([
      this.#askPoll(),
      Connection.probe(target, this.#query.slice('&sid='.length)),
    ]);
    this.#upgraded = upgraded;
    expect('6', last);
    await new Promise((resolve, reject) => {
      upgraded.onFailure = reject;
      upgraded.onBytes = (bytes) => {
        const rest = bytes.indexOf(PING_FRAME) === 0 ? bytes.subarray(PING_FRAME.length) : bytes;
        if (rest.equals(COUNT_REPLY_FRAME)) resolve();
        else if (rest.length === 0) return;
        else reject(new Error(`expected a count, got ${bytes.toString('latin1')}`));
      };
      upgraded.write(Buffer.concat([UPGRADE_FRAME, COUNT_FRAME]));
    });
  }

  #pushRequest(body) {
    return pollingHead(this.#port, 'POST', this.#query, body.length) + body;
  }

  #ask(request) {
    return new Promise((resolve, reject) => {
      this.onFailure = reject;
      this.#polls.ask(request, resolve);
    });
  }

  #askPoll() {
    return new Promise((resolve, reject) => {
      this.onFailure = reject;
      this.poll(resolve);
    });
  }

  #newConnection() {
    const connection = new HttpConnection(this.#port);
    connection.onFailure = (error) => this.onFailure(error);
    return connection;
  }
}

function expect(wanted, got) {
  if (got !== wanted) throw new Error(`expected ${wanted}, got ${got}`);
}
