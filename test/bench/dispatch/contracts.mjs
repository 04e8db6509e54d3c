/**
 * What a contract costs between the decoded arguments of an event and its ack: beside the same handler by name, and beside
 * what the library of the schemas costs alone.
 */
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type } from 'arktype';
import * as v from 'valibot';
import { z } from 'zod';
import { decorateMethod } from '../servers/decorate.mjs';
import { connectedSocket } from './contestants.mjs';

const root = new URL('../../../dist/esm/', import.meta.url);

/** Four fields. */
const BODY = { room: 'tea', text: 'hello', at: 1_700_000_000_000, tags: ['hot'] };
const SCHEMAS = {
  zod: z.object({ room: z.string(), text: z.string(), at: z.number(), tags: z.array(z.string()) }),
  valibot: v.object({ room: v.string(), text: v.string(), at: v.number(), tags: v.array(v.string()) }),
  arktype: type({ room: 'string', text: 'string', at: 'number', tags: 'string[]' }),
};

/** With one field that no schema takes. */
const WRONG = { ...BODY, text: 5 };

/**
 * Lists of `[name, handler, the same by name, the library alone]`; a handler is `(ack) => void`. `refused`: of a body that
 * does not fit.
 */
export async function contracts() {
  const { Ack, Gateway, MessageBody, SocketIoModule, Websocket } = await import(new URL('index.js', root));
  const { AckReply } = await import(new URL('../cjs/socketio/index.js', root));
  const { defineContract, event } = await import(new URL('contract/index.js', root));
  const validated = Object.fromEntries(Object.entries(SCHEMAS).map(([name, schema]) => [name, event(schema).ack()]));
  const contract = defineContract('/contract', { in: { typed: event().ack(), ...validated } });

  class Named {
    named(body) {
      return body;
    }
  }
  decorateMethod(Named, 'named', Ack('named'), [MessageBody()]);
  class Contracted {}
  for (const name of ['typed', ...Object.keys(SCHEMAS)]) {
    Contracted.prototype[name] = { [name]: (body) => body }[name];
    decorateMethod(Contracted, name, Ack(contract.in[name]), [MessageBody(contract.in[name])]);
  }
  Gateway(contract)(Contracted);
  class AppModule {}
  const options = { port: 0, contract: { outbound: 'off' } };
  Module({ imports: [SocketIoModule.forRoot(options)], providers: [Named, Contracted] })(AppModule);
  const { FastifyAdapter } = await import('@nestjs/platform-fastify');
  const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: ['error'] });
  await app.init();
  const sockets = {
    '/': await connectedSocket(app, Websocket, '/'),
    '/contract': await connectedSocket(app, Websocket, '/contract'),
  };
  const handlerFor = (namespace, event, body = BODY) => {
    const socket = sockets[namespace];
    const handler = app.get(Websocket).of(namespace).handlers.handlerOf(event);
    return (ack) => handler(socket, [body], new AckReply({ sendAck: (_id, args) => ack(...args) }, 1), event);
  };
  const named = handlerFor('/', 'named');
  const alone = (schema) => (ack) => ack(schema['~standard'].validate(BODY).value);
  const refusedAlone = (schema) => (ack) => ack({ issues: schema['~standard'].validate(WRONG).issues });
  return {
    pairs: [
      ['typed', handlerFor('/contract', 'typed'), named],
      ...Object.entries(SCHEMAS).map(([name, schema]) => [name, handlerFor('/contract', name), named, alone(schema)]),
    ],
    refused: Object.entries(SCHEMAS).map(([name, schema]) => [
      name,
      handlerFor('/contract', name, WRONG),
      named,
      refusedAlone(schema),
    ]),
    close: () => app.close(),
  };
}
