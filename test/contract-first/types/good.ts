/** What compiles without a cast. */
import {
  Ack,
  Arg,
  Args,
  ConnectedSocket,
  Gateway,
  HandshakeAuth,
  MessageBody,
  OnEvent,
  OnHandshake,
  Websocket,
  type SocketOf,
} from 'nestjs-socketio';
import { request, type ClientOf } from 'nestjs-socketio/client';
import type { ArgsOf, BodyOf, ClientEventsOf, ReplyOf, ServerEventsOf } from 'nestjs-socketio/contract';
import { Server } from 'nestjs-socketio/server';
import { createTestClient, nextEvent, type TestTarget } from 'nestjs-socketio/testing';
import { of } from 'rxjs';
import { io, type Socket as ClientSocket } from 'socket.io-client';
import { admin, chat, legacy, tenant } from './contracts.js';

@Gateway(chat)
export class ChatGateway {
  constructor(private readonly websocket: Websocket) {}

  @OnHandshake() enter(
    @HandshakeAuth(chat) auth: { token: string },
    @ConnectedSocket(chat) socket: SocketOf<typeof chat>,
  ) {
    socket.data = { user: auth.token };
  }
  @Ack(chat.in.message) message(
    @MessageBody(chat.in.message) body: BodyOf<typeof chat.in.message>,
    @ConnectedSocket(chat) socket: SocketOf<typeof chat>,
  ): ReplyOf<typeof chat.in.message> {
    socket.to(body.room).emit('message', body);
    this.websocket.of(chat).to(body.room).emit('message', body);
    this.websocket.of(admin).emit('kicked', socket.data.user);
    this.websocket.of(tenant, '/tenant-7').emit('news', body.text);
    this.websocket.of(chat).serverSideEmit('rebuild', Date.now());
    return { id: socket.data.user, at: 1 };
  }
  @Ack(chat.in.sum) sum(@Args(chat.in.sum) [a, b]: ArgsOf<typeof chat.in.sum>) {
    return a + b;
  }
  @Ack(chat.in.search) async search(@Arg(chat.in.search, 0) text: string, @Arg(chat.in.search, 1) limit?: number) {
    return [text, String(limit)];
  }
  @Ack(chat.in.double) double(@MessageBody(chat.in.double) n: number) {
    return of(n * 2);
  }
  @OnEvent(chat.in.move) move(@Args(chat.in.move) [x, y]: [number, number]) {
    return x + y;
  }
  @Ack(chat.in.rename) async *rename(@MessageBody(chat.in.rename) name: string) {
    yield { name };
  }
  @OnEvent(chat.in.avatar) avatar(@MessageBody(chat.in.avatar) image: Buffer) {
    return image.length;
  }
  @OnEvent(chat.in.typing) typing(@ConnectedSocket(chat) socket: SocketOf<typeof chat>) {
    socket.emit('vote', 'more?', (n) => n.toFixed());
    socket.emit('confirm', 'sure?', (answer: unknown) => answer);
  }
  @OnEvent('*') anything(@ConnectedSocket() socket: SocketOf<typeof chat>) {
    return socket.id;
  }
}

@Gateway(legacy, { partial: true })
export class LegacyGateway {
  @Ack(legacy.in.hi) hi(@MessageBody(legacy.in.hi) name: string) {
    return `hi ${name}`;
  }
}

export async function client() {
  const socket: ClientOf<typeof chat> = io('/chat', { auth: { token: 'abc' } });
  const { id } = await request(socket, 'message', { room: 'tea', text: 'hi' });
  const sum: number = await request(socket.timeout(1_000), 'sum', 1, 2);
  const found: string[] = await request(socket, 'search', id);
  await request(socket, 'search', id, 1);
  socket.emit('typing');
  socket.emit('move', sum, 2);
  socket.emit('sum', 1, 2, (reply) => (typeof reply === 'number' ? reply.toFixed() : reply.code));
  socket.on('message', ({ text }) => text.length);
  socket.on('confirm', (question, ack) => ack(question === found[0]));
  const old: ClientOf<typeof legacy> = io('/legacy');
  return (await request(old, 'hi', 'Ada')).length;
}

export async function plainMaps(socket: ClientSocket<ServerEventsOf<typeof chat>, ClientEventsOf<typeof chat>>) {
  const sum: number = await request(socket, 'sum', 1, 2);
  const untyped: ClientSocket = io();
  await request(untyped, 'anything', sum);
}

export async function test(app: TestTarget) {
  const socket = await createTestClient(app, chat, { auth: { token: 'abc' } });
  const sum: number = await request(socket, 'sum', 1, 2);
  const [{ text }] = await nextEvent(socket, 'message');
  await createTestClient(app, tenant, { namespace: '/tenant-7' });
  return text.repeat(sum);
}

export async function plainServer() {
  const server = new Server();
  server.of(chat).on('connection', (socket: SocketOf<typeof chat>) => {
    socket.on('sum', (a, b, ack) => ack(a + b));
  });
  const votes: number[] = await server.of(chat).timeout(100).emitWithAck('vote', 'more?');
  server.of(tenant, '/tenant-7').emit('news', String(votes));
  server.of('/else').emit('anything', 1);
}
