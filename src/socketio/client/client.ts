import type { IncomingMessage } from 'node:http';
import type { EngineSession } from '../../engine/index.js';

/** The connection of a client, which all of its sockets share. */
export interface Client {
  /** The id of the session, known to the client alone. */
  readonly id: string;
  /** The Engine.IO session. */
  readonly conn: EngineSession;
  /** The request that opened the session: see `conn.request`. */
  readonly request: IncomingMessage;
  /** The server of the connection. */
  readonly server: unknown;
  /** Takes a message as if the client had sent it. Anything but a string or a `Buffer` ends the connection. */
  ondata(data: unknown): void;
}
