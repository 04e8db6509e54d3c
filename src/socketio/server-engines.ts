import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import {
  EngineServer,
  type EngineRequest,
  type ForeignEngine,
  type ForeignSocket,
  type OtherAnswer,
  type Session,
  type TimerWheel,
} from '../engine/index.js';
import { ClientBundle } from './client/client-bundle.js';
import { EarlyEngine } from './early-engine.js';
import type { ServerOptions } from './server-options.js';
import type { ServerSettings } from './server-settings.js';

/** The server, as its engines see it. */
export interface EnginesContext {
  readonly wheel: TimerWheel;
  readonly options: ServerSettings;
  /** A session was opened. Throws nothing. */
  acceptSession(session: Session | ForeignSocket): void;
  reportError(error: unknown): void;
}

/**
 * The engines of one server and the HTTP servers that they serve: one engine for all servers that are attached with the same
 * options, and those that were bound. They end together.
 */
export class ServerEngines {
  readonly #httpServers = new Set<HttpServer>();
  readonly #engines = new Set<EngineServer | ForeignEngine>();
  readonly #early = new EarlyEngine();
  readonly #bundle: ClientBundle;
  #present: EngineServer | null = null;

  constructor(private readonly context: EnginesContext) {
    this.#bundle = new ClientBundle(context.options.resolved.onWarning);
  }

  /** The engine that was made or bound last; null before. */
  get present(): EngineServer | null {
    return this.#present;
  }

  /** The same, or what stands for the engine to come. */
  get engine(): EngineServer {
    return this.#present ?? this.#early.stand;
  }

  /** Serves an HTTP server, or a port with one of its own, which is returned. A wrong option leaves no port bound. */
  attach(server: HttpServer | number | string, options: ServerOptions): HttpServer {
    if (typeof server === 'function') {
      throw new TypeError('attach() takes an http.Server, not the request handler of a framework');
    }
    if (typeof server !== 'object' && !Number.isInteger(Number(server))) {
      throw new TypeError('attach() takes an http.Server or a port');
    }
    const engine = this.#engineFor(options) ?? this.create(options);
    const httpServer = typeof server === 'object' ? server : listenOn(Number(server));
    engine.attach(httpServer);
    this.#httpServers.add(httpServer);
    return httpServer;
  }

  /** The engine of an HTTP server before this one, if the options leave nothing that differs: it then counts for both. */
  #engineFor(options: ServerOptions): EngineServer | null {
    const engine = this.#present;
    if (!(engine instanceof EngineServer) || engine.isClosed || Object.keys(options).length > 0) return null;
    return this.context.options.forEngine(options).engine.path === engine.opts.path ? engine : null;
  }

  /** Makes an engine and binds it. */
  create(options: ServerOptions): EngineServer {
    const { context } = this;
    const { engine, keepRequest, parser, connectTimeout, onWarning } = context.options.forEngine(options);
    const created = new EngineServer(engine, {
      wheel: context.wheel,
      keepsRequests: keepRequest === true,
      splitsJoinedFrames: parser === null,
      connectTimeout,
      warn: onWarning,
      onError: (error) => context.reportError(error),
      answerOther: (request) => this.#answerBundle(request, engine.path),
    });
    this.bind(created);
    return created;
  }

  /** @throws TypeError for what is no Engine.IO server */
  bind(engine: EngineServer | ForeignEngine): void {
    if (typeof engine?.on !== 'function') {
      throw new TypeError('bind() takes an Engine.IO server: an object that emits "connection" with its sessions');
    }
    this.#present = engine as EngineServer;
    this.#engines.add(engine);
    engine.on('connection', (session: Session | ForeignSocket) => this.context.acceptSession(session));
    this.#early.replaceBy(this.#present);
  }

  /**
   * Ends all engines and closes their HTTP servers.
   *
   * @param last the `httpServer` of the server, which may have been assigned
   * @returns the first error of an HTTP server, such as for one that does not listen
   */
  async close(last: HttpServer | undefined): Promise<Error | undefined> {
    const engines = [...this.#engines];
    if (last !== undefined) this.#httpServers.add(last);
    const httpServers = [...this.#httpServers];
    for (const engine of engines) {
      if (engine instanceof EngineServer) engine.close(...httpServers);
      // One that was bound may have no such method.
      else engine.close?.();
    }
    const errors = await Promise.all(httpServers.map(closeHttpServer));
    // One that did not listen has not told that it closed.
    for (const engine of engines) if (engine instanceof EngineServer) engine.close();
    // A server may listen again.
    for (const engine of engines) this.#engines.delete(engine);
    for (const server of httpServers) this.#httpServers.delete(server);
    return errors.find((each) => each !== undefined);
  }

  #answerBundle(request: EngineRequest, path: string): OtherAnswer | null {
    if (!this.context.options.servesClient) return null;
    const file = ClientBundle.fileOf(request.url ?? '', path);
    return file === null ? null : this.#bundle.answer(file, request);
  }
}

function listenOn(port: number): HttpServer {
  const server = createServer((_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(404).end();
  });
  return server.listen(port);
}

function closeHttpServer(server: HttpServer): Promise<Error | undefined> {
  return new Promise((resolve) => server.close(resolve));
}
