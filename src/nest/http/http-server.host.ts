import { createServer, type Server as HttpServer } from 'node:http';
import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { CorsOptions, Server } from '../../socketio/index.js';
import { registerFastifyRoutes, type FastifyInstance } from './fastify-exchange.js';

/** Joins a server with the HTTP server of the application, or with one of its own. */
@Injectable()
export class HttpServerHost {
  /** What `app.enableCors()` was called with; undefined where it was not. */
  #cors: CorsOptions | undefined;
  #ownServer: HttpServer | null = null;

  constructor(private readonly adapterHost: HttpAdapterHost) {
    this.#watchCors();
  }

  /** CORS as the application has it, for a server that was told nothing about it. */
  get cors(): CorsOptions | undefined {
    return this.#cors;
  }

  /** Serves the application's HTTP server, on every address on which it listens. */
  attach(server: Server): void {
    const { httpAdapter } = this.adapterHost;
    if (!httpAdapter) return;
    const engine = server.createEngine();
    const httpServer = httpAdapter.getHttpServer() as HttpServer;
    const isFastify = httpAdapter.getType() === 'fastify';
    if (isFastify) {
      const instance: FastifyInstance = httpAdapter.getInstance();
      registerFastifyRoutes(instance, engine.opts.path, (exchange) => engine.handleExchange(exchange));
    }
    engine.attach(httpServer, { takesRequests: !isFastify });
    server.httpServer = httpServer;
  }

  /** Serves a port of its own; resolves once it listens. */
  async listen(server: Server, port: number): Promise<void> {
    const httpServer = createServer((_request, response) => void response.writeHead(404).end());
    this.#ownServer = httpServer;
    server.attach(httpServer);
    await new Promise<void>((resolve, reject) => {
      httpServer.once('error', reject);
      httpServer.listen(port, () => {
        httpServer.off('error', reject);
        resolve();
      });
    });
  }

  /** Closes the port of its own; the application's HTTP server is Nest's to close. */
  async close(): Promise<void> {
    const httpServer = this.#ownServer;
    this.#ownServer = null;
    if (httpServer === null) return;
    httpServer.closeIdleConnections();
    await new Promise<void>((resolve) => httpServer.close(() => resolve()));
  }

  /** Calls the listener before any provider is told of the end, on versions of Nest that announce it. */
  onBeforeClose(listener: () => Promise<unknown>): void {
    const adapter = this.adapterHost.httpAdapter as { beforeClose?: () => Promise<void> | void } | undefined;
    if (typeof adapter?.beforeClose !== 'function') return;
    const beforeClose = adapter.beforeClose.bind(adapter);
    adapter.beforeClose = async () => {
      await beforeClose();
      await listener();
    };
  }

  #watchCors(): void {
    const { httpAdapter } = this.adapterHost;
    if (typeof httpAdapter?.enableCors !== 'function') return;
    const enableCors = httpAdapter.enableCors.bind(httpAdapter);
    httpAdapter.enableCors = (options, ...rest) => {
      this.#cors = (options as CorsOptions | undefined) ?? {};
      return enableCors(options, ...rest);
    };
  }
}
