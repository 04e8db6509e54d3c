import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import {
  Ack,
  Arg,
  ConnectedSocket,
  DisconnectReason,
  Gateway,
  HandshakeAuth,
  MessageBody,
  OnConnect,
  OnDisconnect,
  OnEvent,
  OnHandshake,
  Websocket,
  type SocketOf,
} from 'nestjs-socketio';
import type { BodyOf, HandshakeAuthOf, SentArgsOf } from 'nestjs-socketio/contract';
import { chat, type Message, type Node, type Person, type Receipt } from './chat.contract.js';
import { Rooms, type Room } from './rooms.js';

type ChatSocket = SocketOf<typeof chat>;

/** Somebody whose connection was lost is offline for this long, then has left; an empty room stays as long. In milliseconds. */
const GRACE = 10_000;
/** When the three notes of a rehearsal are sent. In milliseconds. */
const NOTES = [600, 1_200, 1_800];
const NODE: Node = { host: hostname(), pid: process.pid, version: process.version };

/** Every client is in the room that it names when it connects. What arrives here fits the contract. */
@Gateway(chat)
export class ChatGateway {
  constructor(
    private readonly websocket: Websocket,
    private readonly rooms: Rooms,
  ) {}

  /** Runs again when a client recovers its connection. */
  @OnHandshake()
  identify(
    @HandshakeAuth(chat) { key, name, room }: HandshakeAuthOf<typeof chat>,
    @ConnectedSocket(chat) socket: ChatSocket,
  ): void {
    socket.data = { id: createHash('sha256').update(key).digest('base64url').slice(0, 12), name, room };
  }

  /** A recovered client has got by now what it missed, and keeps what it has. */
  @OnConnect()
  async enter(@ConnectedSocket(chat) socket: ChatSocket): Promise<void> {
    const room = roomOf(this.rooms, socket);
    const person = room.enter(socket.data.id, socket.data.name);
    await socket.join(channelOf(socket));
    socket.to(channelOf(socket)).emit('person', person);
    const history = socket.recovered ? [] : room.history;
    socket.emit('welcome', { you: person, people: room.people, history, node: NODE });
  }

  @Ack(chat.in.say)
  say(
    @ConnectedSocket(chat) socket: ChatSocket,
    @MessageBody(chat.in.say) { id, text }: BodyOf<typeof chat.in.say>,
  ): Receipt {
    return this.#post(socket, { id, text, image: null });
  }

  @Ack(chat.in.show)
  show(
    @ConnectedSocket(chat) socket: ChatSocket,
    @Arg(chat.in.show, 0) { id, name, type }: SentArgsOf<typeof chat.in.show>[0],
    @Arg(chat.in.show, 1) data: Buffer,
  ): Receipt {
    return this.#post(socket, { id, text: null, image: { name, type, data } });
  }

  @Ack(chat.in.rename)
  rename(@ConnectedSocket(chat) socket: ChatSocket, @MessageBody(chat.in.rename) name: string): Person {
    const room = roomOf(this.rooms, socket);
    const person = personOf(room, socket);
    room.rename(person, name);
    socket.to(channelOf(socket)).emit('person', person);
    return person;
  }

  /** Volatile: it is of no use later. */
  @OnEvent(chat.in.typing)
  typing(@ConnectedSocket(chat) socket: ChatSocket, @MessageBody(chat.in.typing) isTyping: boolean): void {
    socket.volatile.to(channelOf(socket)).emit('typing', socket.data.id, isTyping);
  }

  @OnEvent(chat.in.seen)
  seen(@ConnectedSocket(chat) socket: ChatSocket, @MessageBody(chat.in.seen) message: string): void {
    const room = roomOf(this.rooms, socket);
    if (room.find(message) === undefined) return;
    personOf(room, socket).seen = message;
    socket.to(channelOf(socket)).emit('seen', socket.data.id, message);
  }

  @OnEvent(chat.in.away)
  away(@ConnectedSocket(chat) socket: ChatSocket, @MessageBody(chat.in.away) isAway: boolean): void {
    const person = personOf(roomOf(this.rooms, socket), socket);
    person.state = isAway ? 'away' : 'here';
    socket.to(channelOf(socket)).emit('person', person);
  }

  @Ack(chat.in.probe)
  probe(): void {
    // The ack is the answer.
  }

  /** To the room of the socket's id, which a client that recovers is still in: an event for it is kept, not lost. */
  @Ack(chat.in.rehearse)
  rehearse(@ConnectedSocket(chat) socket: ChatSocket): void {
    for (const [index, delay] of NOTES.entries()) {
      const text = `Note ${index + 1} of ${NOTES.length}, sent while the link was cut`;
      setTimeout(() => this.websocket.of(chat).to(socket.id).emit('note', text), delay).unref();
    }
  }

  @OnDisconnect()
  leave(@ConnectedSocket(chat) socket: ChatSocket, @DisconnectReason() reason: string): void {
    const room = roomOf(this.rooms, socket);
    const person = room.disconnect(socket.data.id);
    if (person === undefined) return;
    // Without this socket: if it recovers, it is not told that it was away.
    const channel = this.websocket.of(chat).to(channelOf(socket)).except(socket.id);
    const remove = (): void => {
      if (person.state !== 'offline') return;
      room.remove(person.id);
      channel.emit('left', person.id);
      setTimeout(() => this.rooms.closeIfEmpty(socket.data.room), GRACE).unref();
    };
    if (reason === 'client namespace disconnect') {
      remove();
      return;
    }
    channel.emit('person', person);
    setTimeout(remove, GRACE).unref();
  }

  /** A message that was sent twice, since its receipt was lost, is kept once. */
  #post(socket: ChatSocket, { id, text, image }: Pick<Message, 'id' | 'text' | 'image'>): Receipt {
    const room = roomOf(this.rooms, socket);
    const known = room.find(id);
    if (known !== undefined) return { at: known.at };
    const { name } = personOf(room, socket);
    const message: Message = { id, at: Date.now(), from: { id: socket.data.id, name }, text, image };
    room.add(message);
    socket.to(channelOf(socket)).emit('message', message);
    return { at: message.at };
  }
}

/** A name of its own for the rooms of the chat: each socket is also in a room that is called like its id. */
function channelOf(socket: ChatSocket): string {
  return `chat:${socket.data.room}`;
}

function roomOf(rooms: Rooms, socket: ChatSocket): Room {
  return rooms.open(socket.data.room);
}

/** Whoever is connected is in the room: events are handled once `enter` has settled. */
function personOf(room: Room, socket: ChatSocket): Person {
  return room.person(socket.data.id) ?? room.enter(socket.data.id, socket.data.name);
}
