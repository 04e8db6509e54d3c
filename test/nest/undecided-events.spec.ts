import assert from 'node:assert/strict';
import {
  Inject,
  Injectable,
  Scope,
  UseGuards,
  UseInterceptors,
  UsePipes,
  createParamDecorator,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
  type PipeTransform,
  type Provider,
} from '@nestjs/common';
import * as websockets from '@nestjs/websockets';
import { from, mergeMap, of } from 'rxjs';
import {
  Ack,
  Arg,
  Args,
  ConnectedSocket,
  Gateway,
  Idempotent,
  MessageBody,
  SocketIoAdapter,
  SocketIoException,
  type Websocket,
} from '../../src/index.js';
import { joinedPeer } from '../support/peer.js';
import { until } from '../support/until.js';
import { onlySocket, startWith } from './support/start-app.js';

const { jest } = import.meta;

/** Holds more than what may be decoded at once. */
const LARGE = 'x'.repeat(300_000);

it('events behind an asynchronous guard wait as they travelled while it decides about a large one', async () => {
  const seen: unknown[] = [];
  const decisions: ((allowed: boolean) => void)[] = [];
  const heard: unknown[] = [];
  const guard: CanActivate = {
    canActivate(context: ExecutionContext): Promise<boolean> {
      seen.push(context.switchToWs().getData<{ n: number }>().n);
      return new Promise((resolve) => decisions.push(resolve));
    },
  };

  @Gateway()
  class UploadGateway {
    @UseGuards(guard)
    @Ack('upload')
    upload(@MessageBody() { n }: { n: number }): number {
      heard.push(n);
      return n;
    }
  }

  const { url } = await startWith({ providers: [UploadGateway] });
  const peer = await joinedPeer('websocket', `${url}/socket.io/`);
  await peer.send(`421["upload",{"n":1,"bytes":"${LARGE}"}]`);
  for (const n of [2, 3]) await peer.send(`42${n}["upload",{"n":${n}}]`);
  await until(() => seen.length === 1);

  decisions.shift()!(true);
  expect(await peer.next()).toBe('431[1]');
  await until(() => seen.length === 3);
  expect(heard).toEqual([1]);

  decisions[0](false);
  decisions[1](true);
  expect(await peer.next()).toContain('432[{"status":"error"');
  expect(await peer.next()).toBe('433[3]');
  expect(heard).toEqual([1, 3]);
});

describe('a guard that never answers', () => {
  async function stuck(connectTimeout: number) {
    const heard: unknown[] = [];
    const guard: CanActivate = { canActivate: () => new Promise(() => {}) };

    @Gateway()
    class StuckGateway {
      @UseGuards(guard)
      @Ack('stuck')
      stuck(): void {}

      @Ack('free')
      free(@MessageBody() n: number): void {
        heard.push(n);
      }
    }

    const { url, websocket } = await startWith({
      providers: [StuckGateway],
      options: { connectTimeout, shutdownTimeout: 50 },
    });
    const { wheel } = websocket.server;
    const timers = wheel.size;
    const peer = await joinedPeer('websocket', `${url}/socket.io/`);
    await peer.send(`42["stuck","${LARGE}"]`, '42["free",1]');
    await until(() => websocket.stats().packets.in === 3, 'the events are there');
    return { heard, peer, websocket, wheel, timers };
  }

  it('holds up other events for no longer than a connect may take', async () => {
    const { heard } = await stuck(100);
    await until(() => heard.length === 1);
  });

  it('leaves no timer behind a client that has left', async () => {
    const { heard, peer, websocket, wheel, timers } = await stuck(60_000);
    await peer.leave();
    await until(() => websocket.stats().sockets.now === 0);
    await until(() => wheel.size === timers);
    expect(heard).toEqual([]);
  });
});

it('what a middleware has put among the arguments may have no end, and may throw', async () => {
  const seen: string[] = [];
  const guard: CanActivate = { canActivate: () => Promise.resolve(true) };

  @Gateway()
  class GraphGateway {
    @UseGuards(guard)
    @Ack('graph')
    graph(@MessageBody() data: object): void {
      seen.push(Object.keys(data).join());
    }
  }

  const { url, websocket } = await startWith({ providers: [GraphGateway] });
  websocket.server.use((socket, next) => {
    socket.use(([, data], pass) => {
      const graph = data as Record<string, unknown>;
      graph.socket = socket;
      graph.all = Array.from({ length: 100 }, () => graph);
      if (graph.throws === true) Object.defineProperty(graph, 'row', { get: () => assert.fail(), enumerable: true });
      pass();
    });
    next();
  });
  const peer = await joinedPeer('websocket', `${url}/socket.io/`);
  await peer.send('421["graph",{"throws":false}]', '422["graph",{"throws":true}]');
  await until(() => seen.length === 2);
  expect(seen).toEqual(['throws,socket,all', 'throws,socket,all,row']);
});

/** What waits before a handler; each event that comes to it is decided about by itself. */
class Decisions {
  readonly #waiting: { pass: () => void; fail: () => void }[] = [];

  get count(): number {
    return this.#waiting.length;
  }

  decide<T>(value: T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ pass: () => resolve(value), fail: () => reject(new SocketIoException('no')) });
    });
  }

  next(): void {
    this.#waiting.shift()!.pass();
  }

  fail(): void {
    this.#waiting.shift()!.fail();
  }
}

describe.each(waysToWait())('events that wait for %s', (_name, create) => {
  it('hold up those behind them as they travelled, from some bytes on', async () => {
    const { decisions, heard, peer, websocket } = await start();
    await peer.send(`421["upload",1,"${LARGE}"]`, '42["upload",2]', '42["free",3]');
    await until(() => decisions.count === 1 && websocket.stats().packets.in === 4);
    expect(heard).toEqual([]);

    decisions.next();
    await until(() => decisions.count === 1 && heard.includes(3));
    decisions.next();
    await until(() => heard.length === 3);
    expect(heard).toEqual([1, 3, 2]);
  });

  it('hold up others no longer once that fails', async () => {
    const { decisions, heard, peer, websocket } = await start();
    await peer.send(`421["upload",1,"${LARGE}"]`, '42["upload",2]', '42["free",3]');
    await until(() => decisions.count === 1 && websocket.stats().packets.in === 4);

    decisions.fail();
    await until(() => decisions.count === 1 && heard.includes(3));
    decisions.next();
    await until(() => heard.length === 2);
    expect(heard).toEqual([3, 2]);
  });

  it('hold up others for no longer than a connect may take', async () => {
    const { decisions, heard, peer } = await start({ connectTimeout: 100 });
    await peer.send(`421["upload",1,"${LARGE}"]`, '42["free",2]');
    await until(() => heard.length === 1);
    expect(decisions.count).toBe(1);
    decisions.next();
    await until(() => heard.length === 2);
    expect(heard).toEqual([2, 1]);
  });

  it('leave no timer behind a client that has left', async () => {
    const { decisions, peer, websocket, timers } = await start({ connectTimeout: 60_000 });
    await peer.send(`42["upload",1,"${LARGE}"]`, '42["free",2]');
    await until(() => decisions.count === 1);
    await peer.leave();
    await until(() => websocket.stats().sockets.now === 0);
    await until(() => websocket.server.wheel.size === timers);
    decisions.next();
    await new Promise(setImmediate);
    expect(websocket.server.wheel.size).toBe(timers);
  });

  it('hold up no others if they are small', async () => {
    const { decisions, heard, peer } = await start();
    await peer.send(...Array.from({ length: 100 }, (_, i) => `42["upload",${i}]`), '42["free",-1]');
    await until(() => decisions.count === 100);
    expect(heard).toEqual([-1]);
  });

  it('end the socket with more behind them than maxUndecidedBytes', async () => {
    const { decisions, peer, websocket } = await start({ maxUndecidedBytes: 100 });
    await peer.send(`42["upload",1,"${LARGE}"]`, `42["free","${LARGE}"]`);
    expect(await peer.next()).toBe('41');
    await until(() => websocket.stats().sockets.now === 0);
    expect(decisions.count).toBe(1);
    expect(websocket.stats().disconnected.TOO_MANY_PENDING_EVENTS).toBe(1);
  });

  async function start(options: { connectTimeout?: number; maxUndecidedBytes?: number } = {}) {
    const decisions = new Decisions();
    const heard: unknown[] = [];
    const { providers, onStart, configure } = create(decisions, heard);

    @Gateway()
    class FreeGateway {
      @Ack('free')
      free(@MessageBody() n: number): void {
        heard.push(n);
      }
    }

    const { url, websocket } = await startWith({
      providers: [FreeGateway, ...providers],
      options: { shutdownTimeout: 50, ...options },
      configure,
    });
    onStart?.(websocket);
    const timers = websocket.server.wheel.size;
    const peer = await joinedPeer('websocket', `${url}/socket.io/`);
    return { decisions, heard, peer, websocket, timers };
  }
});

it('an event that waits for a guard and then for a pipe is counted once', async () => {
  const decisions = new Decisions();
  let guarded = 0;
  const guard: CanActivate = { canActivate: () => Promise.resolve(true).finally(() => guarded++) };

  @Gateway()
  class PipedGateway {
    @UseGuards(guard)
    @Ack('upload')
    upload(@Arg(0, { transform: (n: number) => decisions.decide(n) }) _n: number): void {}
  }

  const { url } = await startWith({ providers: [PipedGateway], options: { shutdownTimeout: 50 } });
  const peer = await joinedPeer('websocket', `${url}/socket.io/`);
  // Twice as much would hold up what comes behind it.
  await peer.send(`42["upload",1,"${LARGE.slice(0, 200_000)}"]`, '42["upload",2]');
  await until(() => guarded === 2 && decisions.count === 2);
});

it('events of any size do not wait for what is synchronous', async () => {
  const guard: CanActivate = { canActivate: () => true };
  const pipe: PipeTransform = { transform: (value: unknown) => value };
  const interceptor: NestInterceptor = { intercept: (_context, next) => next.handle() };

  @UseGuards(guard)
  @UseInterceptors(interceptor)
  @UsePipes(pipe)
  @Gateway()
  class QuickGateway {
    @Ack('decorated')
    decorated(@Arg(0) n: number): number {
      return n;
    }

    @Ack('plain')
    plain(_socket: unknown, n: number): number {
      return n;
    }
  }

  const { url, websocket } = await startWith({ providers: [QuickGateway], options: { maxUndecidedBytes: 0 } });
  const peer = await joinedPeer('websocket', `${url}/socket.io/`);
  const startWait = jest.spyOn((await onlySocket(websocket)).inbound, 'startWait');
  for (const name of ['decorated', 'plain', 'decorated', 'plain']) {
    await peer.send(`421["${name}",1,"${LARGE}"]`);
    expect(await peer.next()).toBe('431[1]');
  }
  expect(startWait).not.toHaveBeenCalled();
});

it('a copy of a message that is under way waits without what it holds', async () => {
  const decisions = new Decisions();

  @Gateway()
  class OrderGateway {
    @Idempotent()
    @Ack('order')
    order(@MessageBody() { id }: { id: number }): Promise<number> {
      return decisions.decide(id);
    }
  }

  const { url, websocket } = await startWith({ providers: [OrderGateway] });
  const peer = await joinedPeer('websocket', `${url}/socket.io/`);
  const startWait = jest.spyOn((await onlySocket(websocket)).inbound, 'startWait');
  await peer.send(...[1, 2].map((ack) => `42${ack}["order",{"id":7,"bytes":"${LARGE}"}]`));
  await until(() => decisions.count === 1 && startWait.mock.calls.length === 2);
  decisions.next();
  expect([await peer.next(), await peer.next()].sort()).toEqual(['431[7]', '432[7]']);
  const [[whole], [copy]] = startWait.mock.calls as [number][];
  expect(whole).toBeGreaterThan(250_000);
  expect(copy).toBeLessThan(2_000);
});

interface Way {
  readonly providers: Provider[];
  readonly onStart?: (websocket: Websocket) => void;
  readonly configure?: (app: INestApplication) => void;
}

function waysToWait(): [string, (decisions: Decisions, heard: unknown[]) => Way][] {
  const pipeOf = (decisions: Decisions): PipeTransform => ({
    transform: (value, { type }) =>
      type === 'body' && (typeof value === 'number' || Array.isArray(value)) ? decisions.decide(value) : value,
  });
  const only = (gateway: new () => object): Way => ({ providers: [gateway] });
  return [
    [
      'the pipe of one parameter',
      (decisions, heard) => {
        @Gateway()
        class PipedGateway {
          @Ack('upload')
          upload(@Arg(0, pipeOf(decisions)) n: number): void {
            heard.push(n);
          }
        }
        return only(PipedGateway);
      },
    ],
    [
      'the pipe of one parameter of two',
      (decisions, heard) => {
        @Gateway()
        class PipedGateway {
          @Ack('upload')
          upload(@ConnectedSocket() _socket: unknown, @Arg(0, pipeOf(decisions)) n: number): void {
            heard.push(n);
          }
        }
        return only(PipedGateway);
      },
    ],
    [
      'the pipe of one parameter of three',
      (decisions, heard) => {
        @Gateway()
        class PipedGateway {
          @Ack('upload')
          upload(
            @ConnectedSocket() _socket: unknown,
            @Args() _all: unknown,
            @Arg(0, pipeOf(decisions)) n: number,
          ): void {
            heard.push(n);
          }
        }
        return only(PipedGateway);
      },
    ],
    [
      'the pipe of a method without decorated parameters',
      (decisions, heard) => {
        @UsePipes(pipeOf(decisions))
        @Gateway()
        class PipedGateway {
          @Ack('upload')
          upload(_socket: unknown, n: number): void {
            heard.push(n);
          }
        }
        return only(PipedGateway);
      },
    ],
    [
      'the pipes of a gateway of Nest',
      (decisions, heard) => {
        @websockets.WebSocketGateway({ namespace: '/' })
        class NestGateway {
          @UsePipes(pipeOf(decisions))
          @websockets.SubscribeMessage('upload')
          upload(
            @websockets.ConnectedSocket() _socket: unknown,
            @websockets.MessageBody() data: number | unknown[],
          ): void {
            heard.push(Array.isArray(data) ? data[0] : data);
          }
        }
        return { providers: [NestGateway], configure: (app) => app.useWebSocketAdapter(new SocketIoAdapter(app)) };
      },
    ],
    [
      'a parameter of the application',
      (decisions, heard) => {
        const Later = createParamDecorator((_data: unknown, context: ExecutionContext) =>
          decisions.decide(first(context)),
        );

        @Gateway()
        class LaterGateway {
          @Ack('upload')
          upload(@Later() n: number): void {
            heard.push(n);
          }
        }
        return only(LaterGateway);
      },
    ],
    [
      'a guard',
      (decisions, heard) => {
        const guard: CanActivate = { canActivate: () => decisions.decide(true) };

        @Gateway()
        class GuardedGateway {
          @UseGuards(guard)
          @Ack('upload')
          upload(@Arg(0) n: number): void {
            heard.push(n);
          }
        }
        return only(GuardedGateway);
      },
    ],
    [
      'an interceptor that is asynchronous',
      (decisions, heard) => {
        const interceptor: NestInterceptor = {
          intercept: async (_context: ExecutionContext, next: CallHandler) => {
            await decisions.decide(true);
            return next.handle();
          },
        };
        return intercepted(interceptor, heard);
      },
    ],
    [
      'the stream of a second interceptor',
      (decisions, heard) => {
        const quick: NestInterceptor = { intercept: (_context, next) => next.handle() };
        const slow: NestInterceptor = {
          intercept: (_context, next) => from(decisions.decide(true)).pipe(mergeMap(() => next.handle())),
        };
        return intercepted(quick, heard, slow);
      },
    ],
    [
      'an interceptor that answers by itself',
      (decisions, heard) => {
        const cache: NestInterceptor = {
          intercept: async (context) => of(heard.push(await decisions.decide(first(context)))),
        };
        return intercepted(cache, []);
      },
    ],
    [
      'the instance of their class',
      (decisions, heard) => {
        @Injectable({ scope: Scope.REQUEST })
        @Gateway()
        class ScopedGateway {
          constructor(@Inject('LATER') readonly later: unknown) {}

          @Ack('upload')
          upload(@Arg(0) n: number): void {
            heard.push(n);
          }
        }
        const later = { provide: 'LATER', scope: Scope.REQUEST, useFactory: () => decisions.decide('made') };
        return { providers: [ScopedGateway, later] };
      },
    ],
    [
      'the store of @Idempotent',
      (decisions, heard) => {
        @Gateway()
        class IdempotentGateway {
          @Idempotent({ key: (body) => String((body as unknown[])[0] ?? body) })
          @Ack('upload')
          upload(@Arg(0) n: number): void {
            heard.push(n);
          }
        }
        const onStart = ({ server: { claims } }: Websocket): void => {
          const claim = claims.claim.bind(claims);
          jest.spyOn(claims, 'claim').mockImplementation(async (...args) => {
            if (args[1] === 'under way') await decisions.decide(true);
            return claim(...args);
          });
        };
        return { providers: [IdempotentGateway], onStart };
      },
    ],
  ];
}

/** The first argument of an event. */
function first(context: ExecutionContext): number {
  const data = context.switchToWs().getData<number | number[]>();
  return Array.isArray(data) ? data[0] : data;
}

function intercepted(one: NestInterceptor, heard: unknown[], ...others: NestInterceptor[]): Way {
  @Gateway()
  class InterceptedGateway {
    @UseInterceptors(one, ...others)
    @Ack('upload')
    upload(@Arg(0) n: number): void {
      heard.push(n);
    }
  }
  return { providers: [InterceptedGateway] };
}
