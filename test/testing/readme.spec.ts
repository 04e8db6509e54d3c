/** The gateways and their tests as the manual has them: run here, and compared with its text. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Module, type INestApplication } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  Ack,
  Args,
  ConnectedSocket,
  Gateway,
  HandshakeAuth,
  MessageBody,
  OnConnect,
  OnDisconnect,
  OnEvent,
  OnHandshake,
  Socket,
  SocketIoException,
  SocketIoModule,
  Websocket,
} from '../../src/index.js';
import { closeTestClients, connectError, createTestClient, nextEvent } from '../../src/testing/index.js';

@Gateway()
export class LobbyGateway {
  @OnConnect()
  async join(@ConnectedSocket() socket: Socket) {
    await socket.join('lobby');
  }

  @Ack('message') // the client gets what it returns
  message(@MessageBody() text: string, @ConnectedSocket() socket: Socket) {
    socket.to('lobby').emit('message', text);
    return text.length;
  }
}

@Module({
  imports: [SocketIoModule.forRoot({ cors: { origin: 'http://localhost:5173' } })],
  providers: [LobbyGateway],
})
export class LobbyModule {}

it('answers with the length', async () => {
  const module = await Test.createTestingModule({ imports: [LobbyModule] }).compile();
  const app = module.createNestApplication();
  const client = await createTestClient(app);
  expect(await client.emitWithAck('message', 'hello')).toBe(5);
  await app.close();
});

@Gateway('/chat') // optional: without it, handlers listen on '/'
class ChatGateway {
  constructor(private readonly websocket: Websocket) {}

  @OnHandshake() // before the CONNECT reply; throwing refuses with connect_error { message, data }
  authenticate(@ConnectedSocket() socket: Socket, @HandshakeAuth('name') name: unknown) {
    if (typeof name !== 'string') throw new SocketIoException('A name is needed', { code: 'NO_NAME' });
    socket.data.name = name;
  }

  @OnConnect() // after the reply; no event of this socket is dispatched until it settles
  async joined(@ConnectedSocket() socket: Socket) {
    await socket.join('lobby');
  }

  @OnEvent('message') // fire and forget
  onMessage(@MessageBody() text: string, @ConnectedSocket() socket: Socket) {
    socket.to('lobby').emit('message', socket.data.name, text);
  }

  @Ack('sum') // the return value (value, Promise, Observable's first value) is the ack
  sum(@Args() [a, b]: [number, number]) {
    return a + b;
  }

  @OnDisconnect()
  left(@ConnectedSocket() socket: Socket) {
    this.websocket.of('/chat').emit('left', socket.data.name);
  }
}

@Module({ imports: [SocketIoModule.forRoot({ cors: { origin: 'https://app.example' } })], providers: [ChatGateway] })
class AppModule {}

describe('ChatGateway', () => {
  let app: INestApplication;

  beforeAll(async () => {
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    app = module.createNestApplication(new FastifyAdapter());
  });
  afterEach(() => closeTestClients());
  afterAll(() => app.close());

  it('tells the others what one says', async () => {
    const ada = await createTestClient(app, { namespace: '/chat', auth: { name: 'Ada' } });
    const bob = await createTestClient(app, { namespace: '/chat', auth: { name: 'Bob' } });
    expect(await ada.emitWithAck('sum', 1, 2)).toBe(3);
    ada.emit('message', 'hello');
    expect(await nextEvent(bob, 'message')).toEqual(['Ada', 'hello']);
  });

  it('refuses a client without a name', async () => {
    const error = await connectError(app, { namespace: '/chat' });
    expect(error).toMatchObject({ message: 'A name is needed', data: { code: 'NO_NAME' } });
  });
});

describe('the manual', () => {
  const here = readFileSync(import.meta.filename, 'utf8');

  it.each([
    ['the short gateway', 'README.md', '@Gateway()\n', '\n}\n'],
    ['its module', 'README.md', '@Module({\n', 'Module {}\n'],
    ['its test', 'README.md', "it('answers with the length'", '\n});\n'],
    ['the long gateway', 'docs/gateways.md', "@Gateway('/chat')", 'class AppModule {}\n'],
    ['its test', 'docs/testing.md', "describe('ChatGateway'", '\n});\n'],
  ])('shows %s in %s as it is here', (_what, page, start, end) => {
    const from = here.indexOf(start);
    const code = here.slice(from, here.indexOf(end, from) + end.length);
    expect(code.length).toBeGreaterThan(150);
    const text = readFileSync(path.join(import.meta.dirname, '../..', page), 'utf8');
    expect(text).toContain(code.replaceAll('LobbyGateway', 'ChatGateway').replaceAll('LobbyModule', 'AppModule'));
  });
});
