import type { AddressInfo } from 'node:net';
import { IsString, MinLength } from 'class-validator';
import {
  type CanActivate,
  type ExecutionContext,
  Injectable,
  UseGuards,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  Ack,
  ConnectedSocket,
  Gateway,
  MessageBody,
  OnHandshake,
  type Socket,
  SocketIoModule,
  Websocket,
} from 'nestjs-socketio';
import { Server } from 'nestjs-socketio/server';
import { io } from 'socket.io-client';

// A small application as its users write it; every consumer project runs this one file with its own tools.

class GreetingDto {
  @IsString()
  @MinLength(2)
  name!: string;
}

@Injectable()
class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToWs().getClient<Socket>().handshake.auth.token === 'secret';
  }
}

@Injectable()
class Phrases {
  greeting(name: string): string {
    return `Hello ${name}`;
  }
}

@Gateway('/greetings')
class GreetingGateway {
  // Resolved by type: the compiler of the project has to emit decorator metadata.
  constructor(
    private readonly phrases: Phrases,
    private readonly websocket: Websocket,
  ) {}

  @OnHandshake()
  @UseGuards(TokenGuard)
  authenticate(): void {}

  @Ack('greet')
  @UsePipes(new ValidationPipe())
  greet(@MessageBody() { name }: GreetingDto, @ConnectedSocket() socket: Socket): string {
    this.websocket.of('/greetings').except(socket.id).emit('greeted', name);
    return this.phrases.greeting(name);
  }
}

let app: NestFastifyApplication;
let url: string;

beforeAll(async () => {
  const module = await Test.createTestingModule({
    imports: [SocketIoModule.forRoot({ pingInterval: 20_000 })],
    providers: [GreetingGateway, Phrases],
  }).compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/greetings`;
});

afterAll(() => app.close());

for (const transport of ['polling', 'websocket']) {
  it(`answers over ${transport}`, async () => {
    const socket = io(url, { transports: [transport], forceNew: true, auth: { token: 'secret' } });
    expect(await socket.emitWithAck('greet', { name: 'Ada' })).toBe('Hello Ada');
    expect(await socket.emitWithAck('greet', { name: 7 })).toMatchObject({ status: 'error', statusCode: 400 });
    socket.disconnect();
  });
}

it('refuses who has no token', async () => {
  const socket = io(url, { forceNew: true, reconnection: false });
  const error = await new Promise<Error>((resolve) => socket.once('connect_error', resolve));
  expect(error.message).toBe('Forbidden resource');
  socket.disconnect();
});

it('has one Server class behind both entries', () => {
  expect(app.get(Websocket).server).toBeInstanceOf(Server);
});
