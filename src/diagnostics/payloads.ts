import type {
  ConnectOperation as Connect,
  EmitOperation,
  HandleOperation as Handle,
  ShutdownOperation as Shutdown,
} from '../common/channels.js';
import type {
  Client,
  DisconnectDetails,
  DisconnectReason,
  EngineRequest,
  EngineSession,
  ConnectionError,
  Server,
  Socket,
} from '../socketio/index.js';

/** What subscribers of an operation see; they may set `enclosure` while `start` is published, and change nothing else. */
export type ConnectOperation = Connect<Client, Socket>;
export type HandleOperation = Handle<Socket>;
export type ShutdownOperation = Shutdown<Server>;
export type { EmitOperation };

/** By channel, what its five channels carry. */
export interface OperationPayloads {
  /** From a CONNECT packet to its answer. */
  'nestjs-socketio.connect': ConnectOperation;
  /** One handler, or one listener, of one event of a client. */
  'nestjs-socketio.handle': HandleOperation;
  /** An event to one client or to many, with its ack. */
  'nestjs-socketio.emit': EmitOperation;
  /** The end of a server. */
  'nestjs-socketio.shutdown': ShutdownOperation;
}

/** By channel, what it carries. */
export interface PointPayloads {
  /** A server was made, or has ended. */
  'nestjs-socketio.server': { readonly server: Server; readonly isOpen: boolean };
  /** A session began. */
  'nestjs-socketio.session.open': { readonly server: Server; readonly session: EngineSession };
  /** A session ended. */
  'nestjs-socketio.session.close': {
    readonly session: EngineSession;
    readonly detail: { readonly code: string; readonly message: string };
  };
  /** A request or an upgrade was refused. */
  'nestjs-socketio.refuse': { readonly request: EngineRequest; readonly refusal: ConnectionError };
  /** A server went from one state to the next: see `websocket.state`. */
  'nestjs-socketio.state': { readonly server: Server; readonly from: string; readonly to: string };
  /** A socket was disconnected. */
  'nestjs-socketio.disconnect': {
    readonly socket: Socket;
    readonly reason: DisconnectReason;
    readonly details: DisconnectDetails;
  };
  /** An event that no handler has. */
  'nestjs-socketio.unhandled': { readonly socket: Socket; readonly event: string };
  /** `retryAfter` in milliseconds. */
  'nestjs-socketio.rate-limit': { readonly socket: Socket; readonly retryAfter: number };
  /** Messages were dropped: 1 at the first, then how many there were. */
  'nestjs-socketio.overflow': {
    readonly session: EngineSession;
    readonly dropped: number;
    readonly sockets: readonly Socket[];
  };
  /** A client came back: how many packets it had missed. Or it could not come back, and begins anew. */
  'nestjs-socketio.recover': {
    readonly socket: Socket | undefined;
    readonly missed: number;
    /** For how long it was away, in milliseconds; undefined if the adapter does not know. */
    readonly away: number | undefined;
    readonly reason: string | undefined;
  };
}
