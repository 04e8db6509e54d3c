import type { Server as HttpServer } from 'node:http';
import type { ServerHttp2Session } from 'node:http2';
import type { Duplex } from 'node:stream';

/** The sessions of a server of HTTP/2, from now on: they stay open, idle, and keep it from closing. */
export class Http2Sessions {
  readonly #sessions = new Set<ServerHttp2Session>();
  /** The connections below them. */
  readonly #sockets = new Set<Duplex>();
  #cutTimer: NodeJS.Timeout | undefined;
  /** How long they have from the end of the server on, in milliseconds; null before. */
  #patience: number | null = null;
  readonly #onSession = (session: ServerHttp2Session): void => {
    this.#sessions.add(session);
    session.once('close', () => this.#sessions.delete(session));
    // Its TLS handshake was on its way when the server ended.
    if (this.#patience !== null) this.#endSoon(this.#patience);
  };
  readonly #onConnection = (socket: Duplex): void => {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  };

  /** Null for a server of another version. */
  static of(server: HttpServer): Http2Sessions | null {
    return 'updateSettings' in server ? new Http2Sessions(server) : null;
  }

  private constructor(private readonly server: HttpServer) {
    server.on('session', this.#onSession).on('connection', this.#onConnection);
  }

  /** Ends them once their requests are answered, and the answers read. */
  close(): void {
    for (const session of this.#sessions) session.close();
  }

  /** Ends them at once: a client that does not read keeps its session, and so the server, open. */
  cut(): void {
    // A session that is being closed would only end its side.
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Ends them, if they still are there in so many milliseconds. */
  cutAfter(patience: number): void {
    this.#patience ??= patience;
    if (this.#sessions.size > 0) this.#endSoon(patience);
  }

  #endSoon(patience: number): void {
    this.close();
    this.#cutTimer ??= setTimeout(() => this.cut(), patience);
  }

  /** Follows the server no longer. */
  detach(): void {
    clearTimeout(this.#cutTimer);
    this.server.off('session', this.#onSession).off('connection', this.#onConnection);
  }
}
