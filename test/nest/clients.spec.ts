import { createRequire } from 'node:module';
import type { INestApplication } from '@nestjs/common';
import type * as Client from 'socket.io-client';
import {
  Ack,
  Args,
  ConnectedSocket,
  Gateway,
  HandshakeAuth,
  MessageBody,
  OnConnect,
  OnEvent,
  OnHandshake,
  SocketIoException,
  Websocket,
} from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { startApp } from '../support/nest-app.js';
import { cleanup } from '../support/cleanup.js';
import { nextEvent, until } from '../support/until.js';

const require = createRequire(import.meta.url);

@Gateway()
class MainGateway {
  constructor(private readonly websocket: Websocket) {}

  @OnConnect()
  connected(@ConnectedSocket() socket: Socket): void {
    socket.emit('welcome', socket.id);
  }

  @Ack('echo')
  echo(@Args() args: unknown[]): unknown[] {
    return args;
  }

  @OnEvent('many')
  many(@ConnectedSocket() socket: Socket, @Args() args: unknown[]): void {
    socket.emit('many-back', ...args);
  }

  @Ack('ask-me')
  async askMe(@ConnectedSocket() socket: Socket, @MessageBody() question: unknown): Promise<unknown> {
    return socket.timeout(2_000).emitWithAck('question', question, Buffer.from([9]));
  }

  @Ack('join')
  async join(@ConnectedSocket() socket: Socket, @MessageBody() room: string): Promise<void> {
    await socket.join(room);
  }

  @OnEvent('to-room')
  toRoom(@Args() [room, text]: [string, string]): void {
    this.websocket.to(room).emit('in-room', text);
  }

  @OnEvent('to-all')
  toAll(@MessageBody() value: unknown): void {
    this.websocket.emit('for-all', value);
  }
}

@Gateway('/private')
class PrivateGateway {
  @OnHandshake()
  check(@HandshakeAuth('token') token: unknown): void {
    if (token !== 'good') throw new SocketIoException('Who are you?', { code: 'NO_TOKEN', details: { hint: 'token' } });
  }

  @Ack('secret')
  secret(): string {
    return 'private';
  }
}

const versions = [
  ['4.8', 'socket.io-client'],
  ['4.5', 'socket.io-client-4.5'],
] as const;
const transports = [['polling'], ['websocket'], ['polling', 'websocket']];
const matrix = versions.flatMap(([version, name]) => transports.map((each) => ({ version, name, transports: each })));

describe.each(matrix)('socket.io-client $version over $transports', ({ name, transports: used }) => {
  const { io } = require(name) as typeof Client;
  let app: INestApplication;
  let url: string;

  beforeEach(async () => {
    ({ app, url } = await startApp([MainGateway, PrivateGateway], { shutdownTimeout: 500 }));
  });

  async function connect(namespace = '/', options: object = {}): Promise<Client.Socket> {
    const socket = io(url + namespace, { transports: used, forceNew: true, reconnection: false, ...options });
    cleanup(() => void socket.disconnect());
    await nextEvent(socket as never, 'connect');
    if (used.length > 1) await until(() => socket.io.engine.transport.name === 'websocket');
    return socket;
  }

  /** `emitWithAck` is younger than 4.5. */
  function ask(socket: Client.Socket, event: string, ...args: unknown[]): Promise<unknown> {
    return new Promise((resolve) => socket.emit(event, ...args, resolve));
  }

  it('greets, echoes and takes many arguments', async () => {
    const socket = io(url, { transports: used, forceNew: true });
    cleanup(() => void socket.disconnect());
    const [id] = await nextEvent(socket as never, 'welcome');
    expect(id).toBe(socket.id);
    const args = [1, 'zwei – 三', null, true, { a: [{ b: 2 }] }, []];
    expect(await ask(socket, 'echo', ...args)).toEqual(args);
    socket.emit('many', ...args);
    expect(await nextEvent(socket as never, 'many-back')).toEqual(args);
  });

  it('carries bytes both ways, in events and acks', async () => {
    const socket = await connect();
    const bytes = Buffer.from([0, 1, 254, 255]);
    expect(await ask(socket, 'echo', bytes, { deep: [bytes] })).toEqual([bytes, { deep: [bytes] }]);
    socket.emit('many', 'x', bytes);
    expect(await nextEvent(socket as never, 'many-back')).toEqual(['x', bytes]);
  });

  it('is asked by the server, and answers', async () => {
    const socket = await connect();
    socket.on('question', (question: string, bytes: Buffer, answer: (value: unknown) => void) => {
      answer({ question, bytes: [...bytes] });
    });
    expect(await ask(socket, 'ask-me', 'why?')).toEqual({ question: 'why?', bytes: [9] });
  });

  it('uses several namespaces, and is refused with data where it may not enter', async () => {
    const socket = await connect('/private', { auth: { token: 'good' } });
    expect(await ask(socket, 'secret')).toBe('private');
    const refused = io(`${url}/private`, { transports: used, forceNew: true, auth: { token: 'bad' } });
    cleanup(() => void refused.disconnect());
    const [error] = (await nextEvent(refused as never, 'connect_error')) as [Error & { data: unknown }];
    expect(error.message).toBe('Who are you?');
    expect(error.data).toEqual({
      status: 'error',
      message: 'Who are you?',
      code: 'NO_TOKEN',
      details: { hint: 'token' },
    });
    const unknown = io(`${url}/nowhere`, { transports: used, forceNew: true });
    cleanup(() => void unknown.disconnect());
    const [invalid] = (await nextEvent(unknown as never, 'connect_error')) as [Error];
    expect(invalid.message).toBe('Invalid namespace');
  });

  it('gets what goes to its room and to all, and nothing else', async () => {
    const [inside, outside] = [await connect(), await connect()];
    const seen: unknown[] = [];
    outside.onAny((...args: unknown[]) => seen.push(args));
    await ask(inside, 'join', 'room');
    const arrived = nextEvent(inside as never, 'in-room');
    outside.emit('to-room', 'room', 'hello');
    expect(await arrived).toEqual(['hello']);
    const everywhere = Promise.all([nextEvent(inside as never, 'for-all'), nextEvent(outside as never, 'for-all')]);
    inside.emit('to-all', { n: 1 });
    expect(await everywhere).toEqual([[{ n: 1 }], [{ n: 1 }]]);
    expect(seen).toEqual([['for-all', { n: 1 }]]);
  });

  it('comes back by itself after a shutdown, to a server on the same port', async () => {
    const socket = io(url, { transports: used, forceNew: true, reconnectionDelay: 20, reconnectionDelayMax: 50 });
    cleanup(() => void socket.disconnect());
    await nextEvent(socket as never, 'connect');
    const gone = nextEvent(socket as never, 'disconnect');
    await app.close();
    expect((await gone)[0]).toMatch(/^transport (close|error)$/);
    const back = nextEvent(socket as never, 'connect');
    await startApp([MainGateway], { shutdownTimeout: 500 }, {}, Number(new URL(url).port));
    await back;
    expect(await ask(socket, 'echo', 'again')).toEqual(['again']);
  });
});
