import 'reflect-metadata';
import { createServer } from 'node:http';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { SocketIoModule, Websocket } from '../../../dist/esm/index.js';
import { Server } from '../../../dist/esm/server.js';

const DAY = 86_400_000;

/** Nothing may end by time: what is left over must show. */
const OPTIONS = {
  serveClient: false,
  allowEIO3: true,
  pingInterval: DAY,
  pingTimeout: DAY,
  connectTimeout: DAY,
  closeTimeout: DAY,
  upgradeTimeout: DAY,
  maxPollWait: DAY,
  maxHttpBufferSize: 10_000,
};

/** What decides about handshakes whose URL has `later`: each waits here for an answer. */
export class Decisions {
  #waiting = [];
  allowRequest = (request, decide) => {
    if (request.url.includes('later')) this.#waiting.push(decide);
    else decide(null, true);
  };

  /** Answers all that wait, twice: the second answer changes nothing. */
  decide(allowed) {
    for (const decide of this.#waiting.splice(0)) {
      decide(null, allowed);
      decide(null, !allowed);
    }
  }
}

/**
 * The ways by which requests reach the engine, as servers that get their connections from the fuzzer.
 *
 * @returns {Promise<{ name: string; http: import('node:http').Server; io: Server; decisions: Decisions }[]>}
 */
export async function startFronts() {
  return [await startServer(), await startNest('express', ExpressAdapter), await startNest('fastify', FastifyAdapter)];
}

async function startServer() {
  const decisions = new Decisions();
  // What is not the engine's is the application's to answer.
  const http = createServer((_request, response) => response.writeHead(404).end());
  const io = new Server(http, { ...OPTIONS, allowRequest: decisions.allowRequest });
  return { name: 'server', http, io, decisions };
}

async function startNest(name, Adapter) {
  const decisions = new Decisions();
  class FuzzModule {}
  Module({ imports: [SocketIoModule.forRoot({ ...OPTIONS, allowRequest: decisions.allowRequest })] })(FuzzModule);
  const app = await NestFactory.create(FuzzModule, new Adapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  return { name, http: app.getHttpServer(), io: app.get(Websocket).server, decisions };
}
