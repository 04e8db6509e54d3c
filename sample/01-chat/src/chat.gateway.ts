import { randomUUID } from 'node:crypto';
import {
  Ack,
  ConnectedSocket,
  Gateway,
  HandshakeAuth,
  MessageBody,
  OnConnect,
  OnDisconnect,
  OnEvent,
  OnHandshake,
  SocketIoException,
  Websocket,
  type SocketOf,
} from 'nestjs-socketio';
import { chat, type Image, type Receipt } from './chat.contract.js';
import { ImagePipe, MAX_IMAGE_BYTES } from './image.pipe.js';
import { TextPipe } from './text.pipe.js';

type ChatSocket = SocketOf<typeof chat>;

/** Everyone has a nickname and is in one room at a time. Nothing is kept: who joins later does not see what was said. */
@Gateway(chat)
export class ChatGateway {
  /** By nickname in lower case. Taken during the handshake already, so that two who knock at once do not both get it. */
  readonly #owners = new Map<string, ChatSocket>();

  constructor(private readonly websocket: Websocket) {}

  @OnHandshake()
  claimNickname(
    @ConnectedSocket(chat) socket: ChatSocket,
    @HandshakeAuth('nickname', new TextPipe('nickname', 24)) nickname: string,
  ): void {
    // An owner whose connection ended before the handshake did was never connected, so it was not released either.
    if (this.#owners.get(nickname.toLowerCase())?.conn.readyState === 'open') {
      throw new SocketIoException(`The nickname “${nickname}” is taken.`, { code: 'NICKNAME_TAKEN' });
    }
    this.#owners.set(nickname.toLowerCase(), socket);
    socket.data.nickname = nickname;
  }

  @OnConnect()
  welcome(@ConnectedSocket(chat) socket: ChatSocket): void {
    socket.emit('welcome', { nickname: socket.data.nickname, maxImageBytes: MAX_IMAGE_BYTES });
  }

  @Ack(chat.in.join)
  async join(
    @ConnectedSocket(chat) socket: ChatSocket,
    @MessageBody(chat.in.join, new TextPipe('name of the room', 40)) room: string,
  ): Promise<{ room: string; members: string[] }> {
    await this.leave(socket);
    socket.data.room = room;
    await socket.join(channelOf(room));
    socket.to(channelOf(room)).emit('joined', socket.data.nickname);
    const members = await this.websocket.of(chat).in(channelOf(room)).fetchSockets();
    return { room, members: members.map(({ data }) => data.nickname) };
  }

  @Ack(chat.in.leave)
  async leave(@ConnectedSocket(chat) socket: ChatSocket): Promise<void> {
    const { nickname, room } = socket.data;
    if (room === undefined) return;
    delete socket.data.room;
    await socket.leave(channelOf(room));
    socket.to(channelOf(room)).emit('left', nickname);
  }

  @Ack(chat.in.message)
  message(
    @ConnectedSocket(chat) socket: ChatSocket,
    @MessageBody(chat.in.message, new TextPipe('message', 2_000)) text: string,
  ): Receipt {
    const channel = currentChannel(socket);
    const receipt = createReceipt();
    socket.to(channel).emit('message', { ...receipt, from: socket.data.nickname, text });
    return receipt;
  }

  @Ack(chat.in.image)
  image(@ConnectedSocket(chat) socket: ChatSocket, @MessageBody(chat.in.image, new ImagePipe()) image: Image): Receipt {
    const channel = currentChannel(socket);
    const receipt = createReceipt();
    socket.to(channel).emit('image', { ...receipt, ...image, from: socket.data.nickname });
    return receipt;
  }

  /** Volatile: whoever cannot be reached right now does not need to hear of it later. */
  @OnEvent(chat.in.typing)
  typing(socket: ChatSocket, isTyping: unknown): void {
    const { nickname, room } = socket.data;
    if (room !== undefined) socket.volatile.to(channelOf(room)).emit('typing', nickname, isTyping === true);
  }

  @OnDisconnect()
  async releaseNickname(socket: ChatSocket): Promise<void> {
    const nickname = socket.data.nickname.toLowerCase();
    if (this.#owners.get(nickname) === socket) this.#owners.delete(nickname);
    await this.leave(socket);
  }
}

/** A name of its own for the rooms of the chat: each socket is also in a room that is called like its id. */
function channelOf(room: string): string {
  return `chat:${room}`;
}

/** @throws SocketIoException where the socket is in no room */
function currentChannel(socket: ChatSocket): string {
  if (socket.data.room === undefined) throw new SocketIoException('Join a room first.', { code: 'NO_ROOM' });
  return channelOf(socket.data.room);
}

function createReceipt(): Receipt {
  return { id: randomUUID(), at: Date.now() };
}
