/** Each way in which `@OnHandshake` and guards of a connection say no keeps the client out. */
import { UseGuards, UseInterceptors, type CallHandler, type CanActivate, type NestInterceptor } from '@nestjs/common';
import { WebSocketGateway } from '@nestjs/websockets';
import { concat, from, of, timer, type Observable } from 'rxjs';
import { map } from 'rxjs/operators';
import { Ack, Gateway, OnConnect, OnHandshake, SocketIoException } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { nextEvent } from '../support/until.js';
import { startGateways } from './adapter/support/start-gateways.js';
import { PLATFORMS, startWith } from './support/start-app.js';

type Decision = (socket: Socket) => unknown;

const REFUSALS: [name: string, decide: Decision][] = [
  ['false', () => false],
  ['a promise of false', () => Promise.resolve(false)],
  ['an Observable of false', () => of(false)],
  ['an Observable of false, later', () => timer(1).pipe(map(() => false))],
  ['an Observable of true, then false', () => from([true, false])],
  [
    'an async iterator of false',
    () =>
      (async function* () {
        yield false;
      })(),
  ],
  ['disconnect()', (socket) => void socket.disconnect()],
  ['disconnect(true)', (socket) => void socket.disconnect(true)],
  [
    'disconnect() and true',
    (socket) => {
      socket.disconnect();
      return true;
    },
  ],
  [
    'disconnect(), later',
    async (socket) => {
      await Promise.resolve();
      socket.disconnect();
    },
  ],
  [
    'disconnect() among emits',
    (socket) => {
      socket.emit('welcome');
      socket.disconnect();
    },
  ],
  [
    'an error',
    () => {
      throw new SocketIoException('no');
    },
  ],
  ['a rejection', () => Promise.reject(new SocketIoException('no'))],
  [
    'an Observable that fails',
    () =>
      concat(
        of(1),
        new Promise(() => {
          throw new SocketIoException('no');
        }),
      ),
  ],
];

const ADMISSIONS: [name: string, decide: Decision][] = [
  ['nothing', () => undefined],
  ['null', () => null],
  ['0', () => 0],
  ['an empty text', () => ''],
  ['true', () => true],
  ['an Observable without values', () => from([])],
];

async function isLetIn(url: string): Promise<boolean> {
  const client = createClient(url);
  const connected = nextEvent(client, 'connect').then(() => true);
  const refused = nextEvent(client, 'connect_error').then(() => false);
  client.connect();
  const isIn = await Promise.race([connected, refused]);
  connected.catch(() => undefined);
  refused.catch(() => undefined);
  return isIn;
}

const passing: NestInterceptor = { intercept: (_context, next: CallHandler): Observable<unknown> => next.handle() };

describe.each(PLATFORMS)('@OnHandshake on %s', (platform) => {
  it.each(REFUSALS)('refuses by %s', async (_name, decide) => {
    @Gateway('/plain')
    class PlainGateway {
      @OnHandshake()
      check(socket: Socket): unknown {
        return decide(socket);
      }

      @OnConnect()
      joined(): void {
        joined++;
      }
    }

    @WebSocketGateway({ namespace: '/intercepted' })
    class InterceptedGateway {
      @UseInterceptors(passing)
      @OnHandshake()
      check(socket: Socket): unknown {
        return decide(socket);
      }
    }
    let joined = 0;
    const { url, websocket } = await startWith({ platform, providers: [PlainGateway, InterceptedGateway] });
    expect(await isLetIn(`${url}/plain`)).toBe(false);
    expect(await isLetIn(`${url}/intercepted`)).toBe(false);
    expect([joined, websocket.of('/plain').sockets.size, websocket.of('/intercepted').sockets.size]).toEqual([0, 0, 0]);
    const { url: alone } = await startGateways({ platform, providers: [InterceptedGateway] });
    expect(await isLetIn(`${alone}/intercepted`)).toBe(false);
  });

  it.each(ADMISSIONS)('lets in by %s', async (_name, decide) => {
    @Gateway()
    class LenientGateway {
      @OnHandshake()
      check(socket: Socket): unknown {
        return decide(socket);
      }
    }
    const { url } = await startWith({ platform, providers: [LenientGateway] });
    expect(await isLetIn(url)).toBe(true);
  });
});

describe('a guard of a connection', () => {
  it.each([
    ['disconnects the client', (socket: Socket) => void socket.disconnect()],
    ['says false', () => undefined],
  ])('refuses if it %s', async (name, act) => {
    const guard: CanActivate = {
      canActivate: (context) => {
        act(context.switchToWs().getClient<Socket>());
        return name !== 'says false';
      },
    };

    @UseGuards(guard)
    @Gateway()
    class GuardedGateway {
      @OnConnect()
      joined(): void {}
    }
    const { url } = await startWith({ providers: [GuardedGateway] });
    expect(await isLetIn(url)).toBe(false);
  });
});

it('disconnect(true) of a handshake ends the connection as well, and disconnect() leaves it', async () => {
  @Gateway('/a')
  class Soft {
    @OnHandshake()
    check(socket: Socket): void {
      socket.disconnect();
    }
  }

  @Gateway('/b')
  class Hard {
    @OnHandshake()
    check(socket: Socket): void {
      socket.disconnect(true);
    }
  }

  class Root {
    @Ack('ask')
    ask(): string {
      return 'answer';
    }
  }
  const { url } = await startWith({ providers: [Soft, Hard, Root] });
  const root = await connectClient(url);
  const soft = root.io.socket('/a');
  soft.connect();
  await nextEvent(soft, 'connect_error');
  expect(await root.emitWithAck('ask')).toBe('answer');
  const hard = root.io.socket('/b');
  hard.connect();
  await nextEvent(root, 'disconnect');
});
