import { askForeign } from '../common/call-foreign.js';
import { ConnectOperation, OPERATIONS, POINTS } from '../common/channels.js';
import { TimerEntry } from '../common/timer-wheel.js';
import type { RestoredSession } from './adapter/adapter.js';
import type { Connection } from './connection.js';
import { refusalOf, runMiddlewares, type ExtendedError, type Refusal } from './inbound/middleware.js';
import type { Namespace } from './namespace.js';
import type { Server } from './server.js';
import { Socket } from './socket.js';
import type { ConnectRefusalCode } from './socketio-codes.js';

/**
 * One CONNECT packet: its namespace, the session that the client comes back with, middlewares, the CONNECT reply, handlers.
 *
 * Ends once, with a socket that is open or with a refusal, and gives back all that it took, whatever users and adapters do:
 * each step that waits for them has `connectTimeout`.
 */
export class ConnectSequence extends TimerEntry {
  #step: 'finding' | 'restoring' | 'asking' | 'over' = 'finding';
  #namespace: Namespace | null = null;
  #socket: Socket | null = null;
  /** Null if nothing listens for it. */
  #operation: ConnectOperation<Connection, Socket> | null = null;

  constructor(
    private readonly server: Server,
    private readonly connection: Connection,
    private readonly name: string,
    private readonly auth: Record<string, unknown>,
  ) {
    super();
  }

  start(): void {
    this.server.namespaces.find(this.name, this.auth, (namespace, failed) => this.#onFound(namespace, failed));
    this.#wait();
  }

  /** The connection is gone, or has asked anew. */
  dispose(): void {
    if (this.#step === 'over') return;
    this.#finish();
    this.#abandon();
    this.#fail(new Error('the connection ended'), 'DISCONNECTED');
  }

  /** A step takes too long. */
  override onTimer(): void {
    if (this.#step === 'restoring') {
      // The client is here, its session is not: it begins anew.
      this.#onRestored(null);
      this.#wait();
      return;
    }
    this.#finish();
    this.connection.refuseLate(this.name);
    this.#abandon();
    this.#fail(new Error('connect timeout'), 'CONNECT_TIMEOUT');
  }

  #onFound(namespace: Namespace | null, failed: boolean): void {
    if (this.#step !== 'finding') {
      namespace?.checkEmpty();
      return;
    }
    if (namespace === null || (this.name === '/' && !this.server.settings.rootNamespace)) {
      this.#finish();
      if (failed) {
        this.connection.refuseUnseen(this.name, this.auth, INTERNAL_ERROR.message, 'INTERNAL_ERROR');
        return;
      }
      this.server.unknownNames?.onUnknownNamespace(this.name);
      this.connection.refuseUnseen(this.name, this.auth, 'Invalid namespace', 'UNKNOWN_NAMESPACE');
      return;
    }
    this.#namespace = namespace;
    namespace.connecting++;
    if (OPERATIONS.connect.hasSubscribers) this.#restoreTraced(namespace);
    else this.#restore(namespace);
  }

  #restoreTraced(namespace: Namespace): void {
    const operation = new ConnectOperation<Connection, Socket>(this.connection, namespace.route, this.auth);
    this.#operation = operation;
    operation.defer();
    operation.run(() => this.#restore(namespace));
  }

  #restore({ recovery }: Namespace): void {
    const { pid, offset } = this.auth;
    if (recovery === null || pid === undefined || this.connection.isLegacy) {
      this.#runMiddlewares(null);
      return;
    }
    this.#step = 'restoring';
    void recovery.restore(pid, offset).then((restored) => {
      if (this.#step === 'restoring') this.#onRestored(restored);
      else if (restored !== null) recovery.giveBack(restored);
    });
  }

  #onRestored(restored: RestoredSession | null): void {
    if (restored === null && POINTS.recover.hasSubscribers) {
      POINTS.recover.publish({ socket: undefined, missed: 0, away: undefined, reason: 'SESSION_UNKNOWN' });
    }
    this.#runMiddlewares(restored);
    this.#wait();
  }

  #runMiddlewares(restored: RestoredSession | null): void {
    const namespace = this.#namespace!;
    this.#step = 'asking';
    const socket = new Socket(namespace, this.connection, this.auth, restored);
    this.#socket = socket;
    const skips = socket.recovered && this.server.settings.connectionStateRecovery?.skipMiddlewares;
    const chain = this.#chainOf(namespace, skips === true);
    if (chain.length === 0) {
      this.#open(socket);
      return;
    }
    namespace._preConnectSockets.set(socket.id, socket);
    const report = (error: unknown): void => this.server.reportError(error, socket);
    const decide = (error?: ExtendedError, wasThrown = false): void => {
      if (this.#step === 'asking') {
        if (error === undefined) this.#open(socket);
        else this.#refuse(error, wasThrown);
      } else if (wasThrown) report(error);
    };
    runMiddlewares(chain, socket, decide, report);
  }

  #chainOf({ middlewares }: Namespace, skips: boolean): Namespace['middlewares'] {
    const { gates } = this.server;
    if (skips) return gates;
    return gates.length === 0 ? middlewares : [...gates, ...middlewares];
  }

  #open(socket: Socket): void {
    if (this.connection.conn.readyState !== 'open') {
      this.dispose();
      return;
    }
    if (socket.isSuperseded) {
      this.dispose();
      this.connection.closeAsReplaced();
      return;
    }
    const { revocation } = socket;
    if (revocation !== null) {
      const { code, message } = revocation;
      this.#refuse(Object.assign(new Error(message), { data: { status: 'error', message, code } }), false);
      return;
    }
    const namespace = this.#namespace!;
    this.#finish();
    this.#socket = null;
    namespace.addSocket(socket);
    if (!socket.open()) {
      this.#fail(new Error('the reply could not be encoded'), 'INTERNAL_ERROR');
      return;
    }
    if (this.#operation !== null) {
      this.#operation.socket = socket;
      this.#operation.finish();
    }
    // Who hears of a socket hears of its end as well, so that one which has ended already is not told of.
    for (const event of ['connect', 'connection']) if (socket.connected) this.server.tell(namespace, event, socket);
    this.#runConnectHandler(socket, namespace);
    this.connection.releaseRequest();
  }

  /** Events wait until the handler has settled. */
  #runConnectHandler(socket: Socket, { handlers }: Namespace): void {
    if (handlers === null || handlers.connect === null || !socket.connected) return;
    let isSettled = false;
    askForeign(handlers.connect, handlers, [socket], (error) => {
      isSettled = true;
      if (error !== null) this.server.reportError(error, socket);
      socket.inbound.release();
    });
    if (!isSettled) socket.inbound.hold();
  }

  /** A middleware said no. What one threw instead was not meant for the client. */
  #refuse(error: ExtendedError, wasThrown: boolean): void {
    this.#finish();
    const refusal = refusalOf(error, wasThrown);
    if (refusal === null) this.server.reportError(error, this.#socket ?? undefined);
    const code = refusal === null ? 'INTERNAL_ERROR' : 'REFUSED';
    this.connection.refuse(this.name, refusal === null ? INTERNAL_ERROR : toConnectError(refusal), code);
    this.#abandon();
    this.#fail(error, code);
  }

  #fail(error: Error, code: ConnectRefusalCode | 'DISCONNECTED'): void {
    if (this.#operation === null) return;
    this.#operation.code ??= code;
    this.#operation.finish(error);
  }

  /** Starts the time of a step that is not over yet. */
  #wait(): void {
    if (this.#step === 'over') return;
    this.connection.wait();
    this.server.wheel.schedule(this, this.server.options.connectTimeout);
  }

  #finish(): void {
    this.#step = 'over';
    this.server.wheel.cancel(this);
    this.connection.forgetPending(this.name);
    if (this.#namespace !== null) this.#namespace.connecting--;
    if (this.#socket !== null) this.#namespace?._preConnectSockets.delete(this.#socket.id);
  }

  /** Gives back the socket, its session and a namespace that was made for it. */
  #abandon(): void {
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) {
      socket.returnSession();
      socket.close('server namespace disconnect', { code: 'REFUSED', message: 'the connection was refused' });
    }
    this.#namespace?.checkEmpty();
  }
}

const INTERNAL_ERROR = Object.freeze({ message: 'Internal server error' });

function toConnectError({ message, data }: Refusal): { message: string; data?: unknown } {
  return data === undefined ? { message } : { message, data };
}
