import { Injectable } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ExpressAdapter } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import {
  Ack,
  Args,
  BindingError,
  ConnectedSocket,
  Gateway,
  HandshakeAuth,
  MessageBody,
  OnEvent,
  OnHandshake,
  SocketIoModule,
  type SocketOf,
  Websocket,
} from 'nestjs-socketio';
import { request, RequestError } from 'nestjs-socketio/client';
import { type BodyOf, defineContract, event, type } from 'nestjs-socketio/contract';
import { closeTestClients, connectError, createTestClient, nextEvent } from 'nestjs-socketio/testing';
import { z } from 'zod';

// An application that is written by contract, run by every Nest project with its own tools.

const Message = z.object({ room: z.string(), text: z.string().min(1) });

const chat = defineContract('/chat', {
  in: {
    message: event(Message).ack(z.object({ id: z.string() })),
    sum: event(z.number(), z.number()).ack(z.number()),
    move: event<[x: number, y: number]>(),
  },
  out: { message: event(Message), moved: event<[x: number, y: number]>() },
  data: type<{ user: string }>(),
  auth: z.object({ token: z.string().min(3) }),
});

@Injectable()
@Gateway(chat)
class ChatGateway {
  // Resolved by type: the compiler of the project has to emit decorator metadata.
  constructor(private readonly websocket: Websocket) {}

  @OnHandshake()
  enter(@HandshakeAuth(chat) auth: { token: string }, @ConnectedSocket(chat) socket: SocketOf<typeof chat>): void {
    socket.data = { user: auth.token };
  }

  @Ack(chat.in.message)
  message(
    @MessageBody(chat.in.message) body: BodyOf<typeof chat.in.message>,
    @ConnectedSocket(chat) socket: SocketOf<typeof chat>,
  ) {
    this.websocket.of(chat).emit('message', body);
    return { id: socket.data.user };
  }

  @Ack(chat.in.sum)
  async sum(@Args(chat.in.sum) [a, b]: [number, number]) {
    return a + b;
  }

  @OnEvent(chat.in.move)
  move(@Args(chat.in.move) [x, y]: [number, number], @ConnectedSocket(chat) socket: SocketOf<typeof chat>): void {
    socket.emit('moved', x, y);
  }
}

@Gateway(chat)
class UnfinishedGateway {
  @Ack(chat.in.sum)
  sum(): number {
    return 0;
  }
}

for (const [platform, adapter] of [
  ['Fastify', () => new FastifyAdapter()],
  ['Express', () => new ExpressAdapter()],
] as const) {
  describe(`a contract on ${platform}`, () => {
    const start = async (gateway: typeof ChatGateway | typeof UnfinishedGateway) => {
      const imports = [SocketIoModule.forRoot()];
      const module = await Test.createTestingModule({ imports, providers: [gateway] }).compile();
      return module.createNestApplication(adapter() as ExpressAdapter, { logger: false });
    };

    it('is spoken by gateway and client', async () => {
      const app = await start(ChatGateway);
      const client = await createTestClient(app, chat, { auth: { token: 'ada' } });
      const heard = nextEvent(client, 'message');
      expect(await request(client, 'message', { room: 'tea', text: 'hi' })).toEqual({ id: 'ada' });
      const [{ text }] = await heard;
      expect(text).toBe('hi');
      expect(await request(client, 'sum', 1, 2)).toBe(3);
      client.emit('move', 3, 4);
      expect(await nextEvent(client, 'moved')).toEqual([3, 4]);
      await closeTestClients();
      await app.close();
    });

    it('refuses arguments and auth that do not fit', async () => {
      const app = await start(ChatGateway);
      const client = await createTestClient(app, chat, { auth: { token: 'ada' } });
      const refusal = await request(client, 'message', { room: 'tea', text: '' }).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(RequestError);
      expect(refusal).toMatchObject({ code: 'INVALID_ARGUMENTS', statusCode: 400, details: [{ path: [0, 'text'] }] });
      expect((await connectError(app, chat, { auth: { token: '' } })).data).toMatchObject({ code: 'INVALID_AUTH' });
      await closeTestClients();
      await app.close();
    });

    it('stops a start that leaves events out', async () => {
      const app = await start(UnfinishedGateway);
      const error = await app.init().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(BindingError);
      expect(String(error)).toContain('"message"');
      await app.close();
    });
  });
}
