import { EventEmitter } from 'node:events';
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Http2Sessions } from './http2-sessions.js';
import { OpenConnections } from './open-connections.js';
import { pendingAnswerOf } from './pending-answer.js';
import { PlainRequests } from './plain-request.js';
import { refuseUpgrade } from './refusal-writer.js';

export interface AttachmentHandler {
  handleRequest(request: IncomingMessage, response: ServerResponse): void;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** The HTTP server closed, and this attachment with it. */
  onServerClose(attachment: HttpAttachment): void;
}

/** A way of upgrades past a framework, whose hooks see them as requests; it calls `handleUpgrade` of the engine or answers. */
export type UpgradeRoute = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface AttachmentOptions {
  readonly path: string;
  /** False if a framework's route hands requests over; upgrades are taken in any case. */
  readonly takesRequests: boolean;
  readonly takesUpgrades: boolean;
  /** Takes upgrades instead of the engine, for a framework that hands them on; see `UpgradeRoute`. */
  readonly upgradeRoute?: UpgradeRoute | undefined;
  /** Whether a foreign WebSocket upgrade without another listener is ended. */
  readonly destroyUpgrade: boolean;
}

/** Whether an upgrade may become one; newer versions of Node ask before they emit it. */
type ShouldUpgrade = (this: HttpServer, request: IncomingMessage) => boolean;

interface AskingServer extends HttpServer {
  shouldUpgradeCallback?: ShouldUpgrade;
}

/** An engine on an HTTP server. */
export interface Attachment {
  /** The HTTP server. */
  readonly server: HttpServer;
  /** Leaves the HTTP server as it was found. Idempotent; what was attached later stays. */
  detach(): void;
}

/**
 * An engine on the HTTP server of others, side by side with other handlers: the server's `emit` is wrapped, and requests
 * and WebSocket upgrades below the path do not reach its listeners, whenever those were added. Everything else does, as if
 * the engine were not there. `detach` puts `emit` back.
 *
 * Requests are emitted to a stage, an object that stands for the server and has one listener: tools that patch the `emit`
 * of a prototype see them as all others.
 */
export class HttpAttachment implements Attachment {
  #attached = true;
  #closing = false;
  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void =>
    this.#handleForeignUpgrade(request, socket, head);
  readonly #onClose = (): void => this.handler.onServerClose(this);
  readonly #plainRequests: PlainRequests;
  readonly #emit: HttpServer['emit'];
  readonly #ownEmit: HttpServer['emit'];
  /** Whether `emit` was wrapped before: then that function is put back, else the prototype's shows again. */
  readonly #emitWasOwn: boolean;
  /** Null for a server of another version. */
  readonly #http2: Http2Sessions | null;
  readonly connections: OpenConnections;
  readonly #shouldUpgrade: ShouldUpgrade | null;
  readonly #ownShouldUpgrade: ShouldUpgrade;

  constructor(
    readonly server: HttpServer,
    private readonly handler: AttachmentHandler,
    private readonly options: AttachmentOptions,
  ) {
    const { emit } = server;
    const connections = (this.connections = new OpenConnections(server));
    const plainRequests = new PlainRequests(server);
    this.#plainRequests = plainRequests;
    const stage = options.takesRequests ? createStage(server, handler) : null;
    const takes = (request: IncomingMessage): boolean => this.#takes(request);
    const isClosing = (): boolean => this.#closing;
    const takesUpgrade = (request: IncomingMessage): boolean => this.#takesUpgrade(request);
    const { upgradeRoute = (request, socket, head) => handler.handleUpgrade(request, socket, head) } = options;
    this.#emit = emit;
    this.#emitWasOwn = Object.hasOwn(server, 'emit');
    // Arguments as they came: an array of their own for each event shows in every request (bench: polling).
    this.#ownEmit = function (this: HttpServer, ...args: unknown[]): boolean {
      if (args[0] === 'connection' || args[0] === 'secureConnection') connections.add(args[1] as Duplex);
      if (plainRequests.isWaiting && OF_REQUESTS.has(args[0])) plainRequests.restore(args[1] as IncomingMessage);
      if (args[0] === 'request' && stage !== null && takes(args[1] as IncomingMessage)) {
        if (isClosing()) (args[2] as ServerResponse).shouldKeepAlive = false;
        return Reflect.apply(emit, stage, args);
      }
      if (args[0] === 'upgrade' && takesUpgrade(args[1] as IncomingMessage)) {
        const socket = args[2] as Duplex;
        // The answer to an earlier request would get into the frames: such a client is cut off.
        if (pendingAnswerOf(socket) !== null) socket.destroy();
        else upgradeRoute(args[1] as IncomingMessage, socket, args[3] as Buffer);
        return true;
      }
      return Reflect.apply(emit, this, args);
    } as HttpServer['emit'];
    this.#shouldUpgrade = (server as AskingServer).shouldUpgradeCallback ?? null;
    this.#ownShouldUpgrade = (request) => this.#mayUpgrade(request);
    for (const own of [this.#onUpgrade, this.#ownEmit]) OWNERS.set(own, this);
    server.on('close', this.#onClose);
    server.emit = this.#ownEmit;
    if (options.takesUpgrades) this.#takeUpgrades();
    this.#http2 = Http2Sessions.of(server);
  }

  /**
   * The HTTP server is being closed. Requests may still come on connections that are open: they are taken until it has
   * closed, since no one else would answer them, and each ends its connection, since that would keep the server open.
   *
   * @param patience how long sessions of HTTP/2, and connections without a request, have until they are cut, in milliseconds
   */
  stayUntilClosed(patience: number): void {
    this.#closing = true;
    this.#http2?.cutAfter(patience);
    this.connections.cutIdleAfter(patience);
  }

  detach(): void {
    if (!this.#attached) return;
    this.#attached = false;
    this.#http2?.detach();
    const server = this.server as AskingServer;
    server.off('close', this.#onClose);
    server.off('upgrade', this.#onUpgrade);
    if (server.shouldUpgradeCallback === this.#ownShouldUpgrade) server.shouldUpgradeCallback = this.#shouldUpgrade!;
    // If `emit` was wrapped again later, this wrapper stays and passes every event through.
    if (server.emit === this.#ownEmit) this.#returnEmit();
  }

  /** Ends the sessions of HTTP/2 once their requests are answered, and the answers read. */
  closeSessions(): void {
    this.#http2?.close();
  }

  /** Ends them at once. */
  cutSessions(): void {
    this.#http2?.cut();
  }

  #returnEmit(): void {
    const below = OWNERS.get(this.#emit);
    if (below !== undefined && !below.#attached) below.#returnEmit();
    else if (this.#emitWasOwn) this.server.emit = this.#emit;
    else delete (this.server as Partial<HttpServer>).emit;
  }

  #takeUpgrades(): void {
    // Node hands upgrades out only if an 'upgrade' listener exists.
    this.server.on('upgrade', this.#onUpgrade);
    if (this.#shouldUpgrade !== null) (this.server as AskingServer).shouldUpgradeCallback = this.#ownShouldUpgrade;
  }

  #takes(request: IncomingMessage): boolean {
    return this.#attached && request.url !== undefined && matchesPath(request.url, this.options.path);
  }

  #takesUpgrade(request: IncomingMessage): boolean {
    return this.options.takesUpgrades && isWebsocket(request) && this.#takes(request);
  }

  /** What is neither for this engine nor for another listener stays a plain request. */
  #mayUpgrade(request: IncomingMessage): boolean {
    const { server } = this;
    const byOthers = hasOtherListeners(server) && Reflect.apply(this.#shouldUpgrade!, server, [request]);
    return byOthers || this.#takesUpgrade(request) || (isWebsocket(request) && this.options.destroyUpgrade);
  }

  /** Without this engine's listener, Node would have taken such a request for a plain one. */
  #handleForeignUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (hasOtherListeners(this.server) || !this.#isLast()) return;
    if (!isWebsocket(request) || !this.options.destroyUpgrade) {
      this.#plainRequests.replay(request, socket, head);
      return;
    }
    socket.on('error', ignore);
    refuseUpgrade(socket, 404, 'Not Found', 'text/plain');
  }

  /** Of several engines on a server, the one that listened first answers for all. */
  #isLast(): boolean {
    return this.server.listeners('upgrade').find((listener) => OWNERS.has(listener)) === this.#onUpgrade;
  }
}

/** Stands for the server in front of the one listener that is to have a request. */
function createStage(server: HttpServer, handler: AttachmentHandler): HttpServer {
  const stage = Object.create(server) as HttpServer;
  // Its own table of listeners instead of the server's.
  (EventEmitter as unknown as (this: EventEmitter) => void).call(stage);
  stage.on('request', (request: IncomingMessage, response: ServerResponse) => handler.handleRequest(request, response));
  // A server of HTTP/2 makes requests from streams once it has, or had, a listener for them.
  server.on('request', ignore);
  server.off('request', ignore);
  return stage;
}

/**
 * Whose a listener or an `emit` is. Several engines may be attached to one server and go in any order: an earlier one
 * that has gone is still below a later one, which finds by this what to put back in the end.
 */
const OWNERS = new WeakMap<object, HttpAttachment>();

function hasOtherListeners(server: HttpServer): boolean {
  return server.listeners('upgrade').some((listener) => !OWNERS.has(listener));
}

/** Whether a request asks for this protocol; Node does not tell the others apart. */
function isWebsocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/** Whether a request's URL lies under an engine's path, which is compared byte by byte, undecoded. */
export function matchesPath(url: string, path: string): boolean {
  if (!url.startsWith(path)) return false;
  if (path.endsWith('/')) return true;
  const next = url.charAt(path.length);
  return next === '' || next === '?' || next === '/' || next === '#';
}

/** The events by which a server hands out a request. */
const OF_REQUESTS = new Set<unknown>(['request', 'checkContinue', 'checkExpectation']);

function ignore(): void {}
