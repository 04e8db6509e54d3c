import { Catch, HttpException, UseFilters, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { of } from 'rxjs';
import { Ack, Gateway, OnConnect, OnError, OnEvent, OnHandshake, SocketIoException } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { UNREADABLE } from '../support/unreadable.js';
import { nextEvent } from '../support/until.js';
import { FenceGateway, outcomeWithAck, outcomeWithoutAck } from './support/outcome.js';
import { startWith } from './support/start-app.js';

const nothingMore = (): Promise<void> => Promise.resolve();

describe('an event that nobody handles', () => {
  it('pain 3: gets an error ack [I8]', async () => {
    const { url } = await startWith({ providers: [FenceGateway] });
    const client = await connectClient(url);
    const { acks } = await outcomeWithAck(client, 'nobody', 1);
    expect(acks).toEqual([
      [{ status: 'error', message: 'No handler for event "nobody" in namespace "/"', code: 'UNKNOWN_EVENT' }],
    ]);
  });

  it('is passed over where no ack was asked for', async () => {
    const { url } = await startWith({ providers: [FenceGateway] });
    const client = await connectClient(url);
    expect(await outcomeWithoutAck(client, nothingMore, 'nobody')).toEqual({ acks: [], exceptions: [] });
  });

  it('is known where a listener of the socket hears it, but not where only onAny does', async () => {
    class Listening {
      @OnConnect()
      connected(socket: Socket): void {
        socket.on('heard', (ack: (value: string) => void) => ack('by a listener'));
        socket.onAny(() => undefined);
      }
    }
    const { url } = await startWith({ providers: [Listening, FenceGateway] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('heard')).toBe('by a listener');
    const { acks } = await outcomeWithAck(client, 'nobody');
    expect(acks).toMatchObject([[{ code: 'UNKNOWN_EVENT' }]]);
  });
});

describe('a middleware of the socket', () => {
  class Guarded {
    @OnConnect()
    connected(socket: Socket): void {
      socket.use(([event], next) => {
        if (event === 'refused') next(Object.assign(new Error('not today'), { data: { retry: 5 } }));
        else next();
      });
    }

    @Ack('refused')
    refused(): string {
      return 'reached';
    }
  }

  it('pain 3: that refuses an event gives the error ack', async () => {
    const { url } = await startWith({ providers: [Guarded, FenceGateway] });
    const client = await connectClient(url);
    const { acks, exceptions } = await outcomeWithAck(client, 'refused');
    expect(acks).toEqual([[{ status: 'error', message: 'not today', details: { retry: 5 } }]]);
    expect(exceptions).toEqual([]);
  });

  it('that refuses an event without an ack sends nothing', async () => {
    const { url } = await startWith({ providers: [Guarded, FenceGateway] });
    const client = await connectClient(url);
    expect(await outcomeWithoutAck(client, nothingMore, 'refused')).toEqual({ acks: [], exceptions: [] });
  });
});

describe('an exception filter that handles the error', () => {
  @Catch()
  class Handles implements ExceptionFilter {
    catch(error: SocketIoException, host: ArgumentsHost): unknown {
      const client = host.switchToWs().getClient<Socket>();
      client.emit('seen by filter', host.getType(), host.switchToWs().getData(), host.getArgByIndex(3));
      return error.details;
    }
  }

  @Gateway()
  class Filtered {
    @UseFilters(Handles)
    @Ack('value')
    value(): void {
      throw new SocketIoException('x', { details: { handled: true } });
    }

    @UseFilters(Handles)
    @OnEvent('nothing')
    nothing(): void {
      throw new SocketIoException('still told');
    }

    @UseFilters(Handles)
    @Ack('promise')
    promise(): void {
      throw new SocketIoException('x', { details: Promise.resolve('later') });
    }

    @UseFilters(Handles)
    @Ack('stream')
    stream(): void {
      throw new SocketIoException('x', { details: of('streamed') });
    }
  }

  it.each([
    ['value', { handled: true }],
    ['nothing', { status: 'error', message: 'still told' }],
    ['promise', 'later'],
    ['stream', 'streamed'],
  ])('gives the ack with a %s', async (event, ack) => {
    const { url } = await startWith({ providers: [Filtered, FenceGateway] });
    const client = await connectClient(url);
    const seen = nextEvent(client, 'seen by filter');
    expect(await outcomeWithAck(client, event, 'body')).toEqual({ acks: [[ack]], exceptions: [] });
    expect(await seen).toEqual(['ws', 'body', event]);
  });

  it('has the last word where no ack was asked for', async () => {
    const { url } = await startWith({ providers: [Filtered, FenceGateway] });
    const client = await connectClient(url);
    const outcome = await outcomeWithoutAck(client, () => nextEvent(client, 'seen by filter'), 'nothing');
    expect(outcome).toEqual({ acks: [], exceptions: [] });
  });
});

describe('the option errorAck', () => {
  class Failing {
    @Ack('fail')
    fail(): void {
      throw new TypeError('secret');
    }
  }

  it('replaces what a client is told, with and without an ack', async () => {
    const contexts: unknown[] = [];
    const errorAck = (error: unknown, context: object): unknown => {
      contexts.push(context);
      return { problem: (error as Error).name };
    };
    const { url } = await startWith({ providers: [Failing, FenceGateway], options: { errorAck } });
    const client = await connectClient(url);
    expect(await outcomeWithAck(client, 'fail', 7)).toEqual({ acks: [[{ problem: 'TypeError' }]], exceptions: [] });
    const outcome = await outcomeWithoutAck(client, () => nextEvent(client, 'exception'), 'fail', 8);
    expect(outcome.exceptions).toEqual([[{ problem: 'TypeError' }]]);
    expect(contexts).toMatchObject([
      { event: 'fail', args: [7], socket: { id: client.id } },
      { event: 'fail', args: [8] },
    ]);
  });

  it.each([
    ['undefined', () => undefined],
    [
      'an error',
      () => {
        throw new Error('mapper');
      },
    ],
  ])('that gives %s keeps the masked error', async (_name, errorAck) => {
    const { url } = await startWith({ providers: [Failing], options: { errorAck, onError: () => undefined } });
    const client = await connectClient(url);
    expect(await client.emitWithAck('fail')).toMatchObject({ code: 'INTERNAL_ERROR' });
  });
});

describe('several handlers of one event', () => {
  class Several {
    @OnEvent('several')
    later(): Promise<void> {
      return Promise.reject(new SocketIoException('second'));
    }

    @OnEvent('several')
    now(): void {
      throw new SocketIoException('first');
    }

    @OnEvent('several')
    fine(): void {}
  }

  it('give the first error as the only ack', async () => {
    const { url } = await startWith({ providers: [Several, FenceGateway] });
    const client = await connectClient(url);
    const { acks, exceptions } = await outcomeWithAck(client, 'several');
    expect(acks).toMatchObject([[{ status: 'error' }]]);
    expect(exceptions).toEqual([]);
  });

  it('send an exception event each where no ack was asked for', async () => {
    const { url } = await startWith({ providers: [Several, FenceGateway] });
    const client = await connectClient(url);
    const outcome = await outcomeWithoutAck(client, () => nextEvent(client, 'exception'), 'several');
    expect(outcome.exceptions.map(([error]) => (error as Error).message).sort()).toEqual(['first', 'second']);
  });
});

describe('a value that cannot be sent', () => {
  class Unsendable {
    readonly errors: unknown[] = [];

    @Ack('sync')
    sync(): unknown {
      return { big: 10n };
    }

    @Ack('async')
    async async(): Promise<unknown> {
      return 10n;
    }

    @Ack('error')
    error(): never {
      throw new SocketIoException('x', { details: 10n });
    }

    @Ack('async error')
    async asyncError(): Promise<never> {
      throw new SocketIoException({ big: 10n });
    }

    @OnError()
    onError(error: unknown): void {
      this.errors.push(error);
    }
  }

  it.each(['sync', 'async', 'error', 'async error'])('is reported and gives a masked error ack: %s', async (event) => {
    const { app, url } = await startWith({ providers: [Unsendable, FenceGateway] });
    const client = await connectClient(url);
    const { acks } = await outcomeWithAck(client, event);
    expect(acks).toMatchObject([[{ code: 'INTERNAL_ERROR' }]]);
    expect(app.get(Unsendable).errors).toMatchObject([{ name: 'TypeError' }]);
  });

  it.each(['error', 'async error'])('in an exception event is reported and masked: %s', async (event) => {
    const { url } = await startWith({ providers: [Unsendable, FenceGateway] });
    const client = await connectClient(url);
    const outcome = await outcomeWithoutAck(client, () => nextEvent(client, 'exception'), event);
    expect(outcome.exceptions).toMatchObject([[{ code: 'INTERNAL_ERROR' }]]);
  });
});

describe('an error that fails to say what it is', () => {
  const MUTE: [string, () => unknown][] = [
    ...UNREADABLE,
    ['getError throws', () => Object.assign(new Error('x'), { getError: fail })],
    ['getError rejects', () => Object.assign(new Error('x'), { getError: () => Promise.reject(new Error('secret')) })],
    ['getResponse throws', () => Object.assign(new Error('x'), { getResponse: fail, getStatus: () => 400 })],
    ['message is no text', () => new HttpException({ message: Object.create(null) as object }, 400)],
  ];

  it.each(MUTE)('is masked, and ends nothing, if its %s', async (_what, make) => {
    class Failing {
      @OnHandshake()
      enter(socket: Socket): void {
        if (socket.handshake.auth.fails) throw make();
      }

      @Ack('sync')
      sync(): void {
        throw make();
      }

      @Ack('async')
      async async(): Promise<void> {
        throw make();
      }
    }
    const { url } = await startWith({ providers: [Failing, FenceGateway] });
    const client = await connectClient(url);
    for (const event of ['sync', 'async']) {
      expect(await client.timeout(1_000).emitWithAck(event)).toMatchObject({ code: 'INTERNAL_ERROR' });
    }
    const refused = createClient(url, { auth: { fails: true } }).connect();
    const [refusal] = await nextEvent(refused, 'connect_error');
    expect(refusal).toMatchObject({ message: 'Internal server error' });
  });
});

function fail(): never {
  throw new Error('secret');
}
