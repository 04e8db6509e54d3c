import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { refuseUpgrade } from './refusal-writer.js';

type RequestListener = (request: IncomingMessage, response: ServerResponse) => void;

export interface AttachmentHandler {
  handleRequest(request: IncomingMessage, response: ServerResponse): void;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** The HTTP server closed. */
  close(): void;
}

/** A way of upgrades past a framework, whose hooks see them as requests; it calls `handleUpgrade` of the engine or answers. */
export type UpgradeRoute = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface AttachmentOptions {
  readonly path: string;
  /** False where a framework's route hands requests over; upgrades are taken in any case. */
  readonly takesRequests: boolean;
  readonly takesUpgrades: boolean;
  /** Takes upgrades instead of the engine, for a framework that hands them on; see `UpgradeRoute`. */
  readonly upgradeRoute?: UpgradeRoute | undefined;
  /** Whether a foreign upgrade that nobody else listens for is ended. */
  readonly destroyUpgrade: boolean;
}

/**
 * An engine on somebody else's HTTP server, side by side with other handlers.
 *
 * Requests: a listener in front of those present, which go on to get everything else. Upgrades of this path are taken
 * before any listener sees them, since other WebSocket libraries destroy what they do not know; to that end the server's
 * `emit` is wrapped. `detach` leaves the server as it was found.
 */
export class HttpAttachment {
  #attached = true;
  readonly #formerListeners: RequestListener[] = [];
  readonly #onRequest: RequestListener = (request, response) => this.#handleRequest(request, response);
  readonly #onUpgrade = (_request: IncomingMessage, socket: Duplex): void => this.#handleForeignUpgrade(socket);
  readonly #onClose = (): void => this.handler.close();
  readonly #emit: HttpServer['emit'];
  readonly #ownEmit: HttpServer['emit'];
  /** Whether somebody had wrapped `emit` before: then their function is put back, else the prototype's shows again. */
  readonly #emitWasOwn: boolean;

  constructor(
    readonly server: HttpServer,
    private readonly handler: AttachmentHandler,
    private readonly options: AttachmentOptions,
  ) {
    const takesUpgrade = (request: IncomingMessage): boolean => this.#takesUpgrade(request);
    const { upgradeRoute = (request, socket, head) => handler.handleUpgrade(request, socket, head) } = options;
    const emit = server.emit;
    this.#emit = emit;
    this.#emitWasOwn = Object.hasOwn(server, 'emit');
    // Arguments as they came: an array of their own for each event shows in every request (bench: polling).
    this.#ownEmit = function (this: HttpServer, ...args: unknown[]): boolean {
      if (args[0] === 'upgrade' && takesUpgrade(args[1] as IncomingMessage)) {
        upgradeRoute(args[1] as IncomingMessage, args[2] as Duplex, args[3] as Buffer);
        return true;
      }
      return Reflect.apply(emit, this, args);
    } as HttpServer['emit'];
    for (const own of [this.#onRequest, this.#onUpgrade, this.#ownEmit]) OWNERS.set(own, this);
    server.on('close', this.#onClose);
    if (options.takesRequests) this.#takeRequests();
    if (options.takesUpgrades) this.#takeUpgrades();
  }

  /** Idempotent. What was attached on top of this stays in place. */
  detach(): void {
    if (!this.#attached) return;
    this.#attached = false;
    this.server.off('close', this.#onClose);
    this.server.off('upgrade', this.#onUpgrade);
    // Somebody may have wrapped `emit` after this; then it stays, and passes everything through.
    if (this.server.emit === this.#ownEmit) this.#returnEmit();
    if (this.options.takesRequests) this.#returnRequests();
  }

  #takeRequests(): void {
    // Raw: whoever listens once is to be called once.
    this.#formerListeners.push(...(this.server.rawListeners('request') as RequestListener[]));
    this.server.removeAllListeners('request');
    this.server.on('request', this.#onRequest);
  }

  #returnRequests(): void {
    const present = this.server.rawListeners('request') as RequestListener[];
    this.server.removeAllListeners('request');
    for (const listener of present.flatMap(HttpAttachment.#found)) this.server.on('request', listener);
  }

  #returnEmit(): void {
    const below = OWNERS.get(this.#emit);
    if (below !== undefined && !below.#attached) below.#returnEmit();
    else if (this.#emitWasOwn) this.server.emit = this.#emit;
    else delete (this.server as Partial<HttpServer>).emit;
  }

  /** What was found where this listener stands: itself, or what an attachment that is detached had replaced by it. */
  static #found(this: void, listener: RequestListener): RequestListener[] {
    const owner = OWNERS.get(listener);
    if (owner === undefined || owner.#attached) return [listener];
    return owner.#formerListeners.flatMap(HttpAttachment.#found);
  }

  #takeUpgrades(): void {
    this.server.emit = this.#ownEmit;
    // Node hands upgrades out only where an 'upgrade' listener exists.
    this.server.on('upgrade', this.#onUpgrade);
  }

  #handleRequest(request: IncomingMessage, response: ServerResponse): void {
    if (this.#attached && this.#matches(request.url)) {
      this.handler.handleRequest(request, response);
      return;
    }
    for (const listener of this.#formerListeners) listener.call(this.server, request, response);
  }

  #takesUpgrade(request: IncomingMessage): boolean {
    return this.#attached && this.#matches(request.url);
  }

  #handleForeignUpgrade(socket: Duplex): void {
    const someoneElseListens = this.server.listeners('upgrade').some((listener) => !OWNERS.has(listener));
    if (!this.options.destroyUpgrade || someoneElseListens) return;
    socket.on('error', ignore);
    refuseUpgrade(socket, 404, 'Not Found', 'text/plain');
  }

  #matches(url: string | undefined): boolean {
    return url !== undefined && matchesPath(url, this.options.path);
  }
}

/**
 * Whose a listener or an `emit` is. Several engines may be attached to one server and go in any order: an earlier one
 * that has gone is still below a later one, which finds by this what to put back in the end.
 */
const OWNERS = new WeakMap<object, HttpAttachment>();

/** Whether a request's URL lies under an engine's path, which is compared byte by byte, undecoded. */
export function matchesPath(url: string, path: string): boolean {
  if (!url.startsWith(path)) return false;
  if (path.endsWith('/')) return true;
  const next = url.charAt(path.length);
  return next === '' || next === '?' || next === '/' || next === '#';
}

function ignore(): void {}
