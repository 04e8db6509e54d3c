import type { Server as HttpServer } from 'node:http';
import type { Socket as NetSocket } from 'node:net';
import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { pickCorsOptions, type AttachOptions, type Server, type ServerOptions } from '../../socketio/index.js';
import { onEnableCors, onHttpAdapter } from './nest-internals.js';
import { registerFastifyRoutes, type FastifyInstance } from './fastify-exchange.js';
import { createOwnServer, type OwnPort } from './own-port.js';

/** Whether requests pass Fastify on their way to a server, or come before it. */
export type FastifyMode = 'route' | 'direct';

/** Joins a server with the HTTP server of the application, or with one of its own. */
@Injectable()
export class HttpMount {
  /** What `app.enableCors()` was called with; undefined if it was not. */
  #cors: ServerOptions['cors'];
  /** By port; servers with different paths may share one. */
  readonly #ownServers = new Map<number, HttpServer>();

  constructor(private readonly adapterHost: HttpAdapterHost) {
    onHttpAdapter(adapterHost, () => this.#watchCors());
  }

  /** CORS as the application has it, for a server that was told nothing about it. */
  get cors(): ServerOptions['cors'] {
    return this.#cors;
  }

  /** The application's; undefined if it has none. */
  get httpServer(): HttpServer | undefined {
    return this.adapterHost.httpAdapter?.getHttpServer() as HttpServer | undefined;
  }

  /** Serves the application's HTTP server, on every address on which it listens. */
  attach(server: Server, mode: FastifyMode = 'route'): void {
    const { httpAdapter } = this.adapterHost;
    if (!httpAdapter) return;
    const { engine } = server;
    const httpServer = httpAdapter.getHttpServer() as HttpServer;
    const isFastify = httpAdapter.getType() === 'fastify';
    if (isFastify) {
      // Also if requests come directly: those that are injected do not, nor those of a further address.
      const instance: FastifyInstance = httpAdapter.getInstance();
      const upgrades = registerFastifyRoutes(instance, engine.opts.path, engine, engine.opts.upgradeTimeout);
      const isRouted = mode === 'route';
      const upgradeRoute: AttachOptions['upgradeRoute'] = (request, socket, head) =>
        upgrades.route(request, socket as NetSocket, head);
      engine.attach(httpServer, isRouted ? { takesRequests: false, upgradeRoute } : {});
    } else {
      engine.attach(httpServer);
    }
    server.httpServer = httpServer;
  }

  /** Serves a port of its own; resolves once it listens. */
  async listen(server: Server, port: number, own: OwnPort): Promise<void> {
    const shared = this.#ownServers.get(port);
    const httpServer = shared ?? createOwnServer(own);
    server.engine.attach(httpServer);
    server.httpServer = httpServer;
    if (shared !== undefined) return;
    this.#ownServers.set(port, httpServer);
    await new Promise<void>((resolve, reject) => {
      httpServer.once('error', reject);
      httpServer.listen(port, own.host, () => {
        httpServer.off('error', reject).on('error', (error) => server.reportError(error));
        resolve();
      });
    });
  }

  /** Closes the ports of its own; the application's HTTP server is Nest's to close. */
  async close(): Promise<void> {
    const httpServers = [...this.#ownServers.values()];
    this.#ownServers.clear();
    for (const httpServer of httpServers) {
      httpServer.closeIdleConnections();
      await new Promise<void>((resolve) => httpServer.close(() => resolve()));
    }
  }

  #watchCors(): void {
    const { httpAdapter } = this.adapterHost;
    if (!httpAdapter) return;
    onEnableCors(httpAdapter, (options) => (this.#cors = corsOf(options, httpAdapter.getInstance())));
  }
}

type CorsSetting = Exclude<ServerOptions['cors'], boolean | undefined>;
type CorsDelegate = Extract<CorsSetting, Function>;

/** What `enableCors` was called with, in the terms of the `cors` package; Fastify's own package has two more ways to decide. */
function corsOf(options: unknown, instance: unknown): CorsSetting {
  const isMaker = typeof options === 'function' && options.length < 2;
  const given = (isMaker ? options(instance) : options) as (CorsSetting & { delegator?: CorsDelegate }) | undefined;
  const setting = given?.delegator ?? given ?? {};
  if (typeof setting !== 'function') return pickCorsOptions(setting);
  if (setting.length > 1) return setting;
  const resolve = setting as unknown as (request: unknown) => Promise<Exclude<CorsSetting, Function>>;
  return (request, callback) => {
    resolve(request).then((resolved) => callback(null, resolved), callback);
  };
}
