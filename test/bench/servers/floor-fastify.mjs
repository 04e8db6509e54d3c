import { createRequire } from 'node:module';
import { answerPolling } from './floor-polling.mjs';

/** The Fastify that Nest brings. */
const require = createRequire(createRequire(import.meta.url).resolve('@nestjs/platform-fastify'));

/** The floor of long-polling behind a route of Fastify: no server that its hooks and plugins see can be cheaper. */
export async function start() {
  const { fastify } = require('fastify');
  const app = fastify();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  app.route({
    method: ['GET', 'POST'],
    url: '/socket.io/',
    handler: (request, reply) => answerPolling(request.raw, new ReplyResponse(reply)),
  });
  await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  return app.server.address().port;
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
