/** Each line behind a mark is refused by the compiler. */
import { Ack, Arg, Args, ConnectedSocket, MessageBody, OnEvent, Websocket, type SocketOf } from 'nestjs-socketio';
import { request, type ClientOf } from 'nestjs-socketio/client';
import { createTestClient, type TestTarget } from 'nestjs-socketio/testing';
import type { Observable } from 'rxjs';
import { admin, chat, legacy, tenant } from './contracts.js';

export class Names {
  // @ts-expect-error a name that is misspelt
  @OnEvent(chat.in.mesage) misspelt() {}
  // @ts-expect-error the same where maps are types only
  @OnEvent(legacy.in.hello) misspeltMap() {}
  // @ts-expect-error what the server emits
  @OnEvent(chat.out.message) outgoing() {}
  // @ts-expect-error an event without an ack
  @Ack(chat.in.typing) withoutAck() {}
}

export class Parameters {
  // @ts-expect-error a type in the list
  @Ack(chat.in.sum) list(@Args(chat.in.sum) [a, b]: [number, string]) {
    return a + b.length;
  }
  // @ts-expect-error a key of the body
  @OnEvent(chat.in.message) body(@MessageBody(chat.in.message) body: { room: string; txt: string }) {
    return body;
  }
  // @ts-expect-error an optional argument that is taken as required
  @OnEvent(chat.in.search) optional(@Arg(chat.in.search, 1) limit: number) {
    return limit;
  }
  // @ts-expect-error what arrives instead of what the schema returns
  @OnEvent(chat.in.double) raw(@MessageBody(chat.in.double) text: string) {
    return text;
  }
  // @ts-expect-error types only
  @OnEvent(chat.in.rename) typed(@MessageBody(chat.in.rename) name: number) {
    return name;
  }
  // @ts-expect-error the socket of another contract
  @OnEvent(chat.in.typing) foreign(@ConnectedSocket(admin) socket: SocketOf<typeof chat>) {
    return socket;
  }
}

export class Replies {
  // @ts-expect-error a value
  @Ack(chat.in.sum) value() {
    return 'three';
  }
  // @ts-expect-error a promise
  @Ack(chat.in.sum) async promise() {
    return 'three';
  }
  // @ts-expect-error an Observable
  @Ack(chat.in.sum) observable(): Observable<string> {
    throw new Error();
  }
  // @ts-expect-error an async iterator
  @Ack(chat.in.sum) async *iterator() {
    yield 'three';
  }
  // @ts-expect-error nothing
  @Ack(chat.in.sum) nothing() {}
  // @ts-expect-error types only
  @Ack(chat.in.rename) typed() {
    return { nam: 'Ada' };
  }
  // @ts-expect-error an ack that could be taken for an error
  @Ack(chat.in.wrong) error() {
    return { status: 'error' as const };
  }
}

export function server(websocket: Websocket, socket: SocketOf<typeof chat>) {
  // @ts-expect-error an event of another namespace
  websocket.of(chat).emit('kicked', 'id');
  // @ts-expect-error a body
  websocket.of(chat).to('tea').emit('message', { room: 'tea' });
  // @ts-expect-error a pattern without a name
  websocket.of(tenant);
  // @ts-expect-error an event that the server does not emit
  socket.emit('typing');
  // @ts-expect-error a type that socket.data does not have
  socket.data.user = 5;
  // @ts-expect-error an event that servers do not tell each other
  websocket.of(chat).serverSideEmit('rebuilt', 1);
  // @ts-expect-error the ack of a client without a schema is unknown
  socket.emit('confirm', 'sure?', (answer) => answer.valueOf());
}

export async function client(socket: ClientOf<typeof chat>, app: TestTarget) {
  // @ts-expect-error a name
  socket.emit('mesage');
  // @ts-expect-error an argument
  socket.emit('move', 1, 'two');
  // @ts-expect-error an event that the server does not emit
  socket.on('mesage', () => {});
  // @ts-expect-error what a listener takes
  socket.on('message', (text: string) => text);
  // @ts-expect-error a request of an event without an ack
  await request(socket, 'typing');
  // @ts-expect-error too few arguments
  await request(socket, 'sum', 1);
  // @ts-expect-error an argument of a request
  await request(socket, 'sum', 1, 'two');
  // @ts-expect-error what the reply is
  (await request(socket, 'sum', 1, 2)).at(0);
  // @ts-expect-error a raw ack may be an error
  (await socket.emitWithAck('sum', 1, 2)).toFixed();
  // @ts-expect-error the socket of another contract
  const other: ClientOf<typeof admin> = socket;
  // @ts-expect-error a pattern without a name
  await createTestClient(app, tenant);
  // @ts-expect-error what the client of a test connects with
  await createTestClient(app, chat, { auth: { tokn: 'abc' } });
  return other;
}
