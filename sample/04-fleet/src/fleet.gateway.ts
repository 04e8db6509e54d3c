import { Inject, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import {
  Ack,
  ConnectedSocket,
  Gateway,
  HandshakeAuth,
  Idempotent,
  MessageBody,
  OnConnect,
  OnHandshake,
  OnPresence,
  SocketIoException,
  Websocket,
  type Socket,
} from 'nestjs-socketio';

export const NODE_NAME = Symbol('name of the node');

const TICK_MS = 200;

@Gateway()
export class FleetGateway implements OnApplicationBootstrap, OnModuleDestroy {
  /** Of this run: a node that was killed begins anew. */
  readonly #stream: string;
  #number = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(NODE_NAME) private readonly node: string,
    private readonly websocket: Websocket,
  ) {
    this.#stream = `${node} ${Date.now()}`;
  }

  /** Each node numbers what it emits, so that a page can count what it lacks. */
  onApplicationBootstrap() {
    this.#timer = setInterval(() => this.websocket.emit('number', this.#stream, ++this.#number), TICK_MS);
  }

  onModuleDestroy() {
    clearInterval(this.#timer);
  }

  @OnHandshake()
  enter(@ConnectedSocket() socket: Socket, @HandshakeAuth('name') name: unknown) {
    if (typeof name !== 'string' || name.length < 1 || name.length > 32) throw new SocketIoException('Who are you?');
    socket.identify(name);
  }

  @OnConnect()
  welcome(@ConnectedSocket() socket: Socket) {
    socket.emit('welcome', this.node);
    this.#tellOnline(socket);
  }

  @OnPresence()
  changed() {
    this.#tellOnline(this.websocket);
  }

  /** The client sends it until it has the ack; it is said once. */
  @Idempotent()
  @Ack('say')
  say(@ConnectedSocket() socket: Socket, @MessageBody() { text }: { id: string; text: string }) {
    this.websocket.emit('said', socket.userId, String(text).slice(0, 200), this.node);
    return this.node;
  }

  #tellOnline(target: Pick<Websocket, 'emit'>) {
    const online = this.websocket.presence().list();
    target.emit(
      'online',
      online.map(({ key, sockets }) => ({ name: key, tabs: sockets.length })),
    );
  }
}
