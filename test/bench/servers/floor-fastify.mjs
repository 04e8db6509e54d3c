import { Module } from '@nestjs/common';
import { answerPolling } from './floor-polling.mjs';
import { listenWithNest } from './nest-application.mjs';

class AppModule {}
Module({})(AppModule);

/** The floor of long-polling, behind a route of the Fastify of a Nest application: nothing that its hooks see is cheaper. */
export function start() {
  return listenWithNest(AppModule, (app) => {
    app
      .getHttpAdapter()
      .getInstance()
      .register(async (scope) => {
        scope.removeAllContentTypeParsers();
        scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
        scope.route({
          method: ['GET', 'POST'],
          url: '/socket.io/',
          handler: (request, reply) => answerPolling(request.raw, new ReplyResponse(reply)),
        });
      });
  });
}

/** Answers through the reply, so that hooks would see it. */
class ReplyResponse {
  #reply;

  constructor(reply) {
    this.#reply = reply;
  }

  writeHead(status, headers) {
    this.#reply.code(status).headers(headers);
  }

  end(body) {
    this.#reply.send(body);
  }
}
