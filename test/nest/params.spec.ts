import {
  ParseArrayPipe,
  ParseIntPipe,
  UsePipes,
  createParamDecorator,
  type ArgumentMetadata,
  type ExecutionContext,
  type PipeTransform,
} from '@nestjs/common';
import * as nest from '@nestjs/websockets';
import {
  Ack,
  Arg,
  Args,
  ConnectedSocket,
  DisconnectReason,
  EventName,
  HandshakeAuth,
  MessageBody,
  OnConnect,
  OnDisconnect,
  OnEvent,
} from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { connectClient } from '../support/nest-app.js';
import { until } from '../support/until.js';
import { PLATFORMS, onlySocket, startWith } from './support/start-app.js';

const Header = createParamDecorator((name: string, context: ExecutionContext): unknown => {
  return context.switchToWs().getClient<Socket>().handshake.headers[name];
});

const Context = createParamDecorator((_data: unknown, context: ExecutionContext) => [
  context.getType(),
  context.getHandler().name,
  context.getClass().name,
  context.getArgs().length,
  context.switchToWs().getPattern(),
]);

const Later = createParamDecorator((data: unknown) => Promise.resolve(data));

/** Tells what a pipe was told. */
const describing: PipeTransform = {
  transform: (value: unknown, { type, data, metatype }: ArgumentMetadata) => [value, type, data, metatype?.name],
};

const doublingLater: PipeTransform = { transform: (value: number) => Promise.resolve(value * 2) };
const thenable: PipeTransform = {
  // oxlint-disable-next-line unicorn/no-thenable -- as the promises of other libraries are
  transform: (value: string) => ({ then: (resolve: (value: string) => void) => resolve(`then ${value}`) }),
};

class Typed {
  name?: string;
}

// The first versions of Nest 11 have none.
const TheirAck = nest.Ack ?? Ack;

class ParamsGateway {
  @Ack('body')
  body(@MessageBody() body: unknown): unknown {
    return { body };
  }

  @Ack('property')
  property(@MessageBody('name') name: string, @MessageBody('age', ParseIntPipe) age: number): unknown {
    return [name, age];
  }

  @Ack('args')
  args(@Args() args: unknown[]): unknown {
    return args;
  }

  @Ack('arg')
  arg(@Arg(1, ParseIntPipe) second: number, @Arg(0) first: unknown, @Arg(2) third: unknown): unknown {
    return [first, second, third];
  }

  @Ack('piped args')
  pipedArgs(@Args(new ParseArrayPipe({ items: Number })) args: number[]): unknown {
    return args;
  }

  @Ack('context')
  context(@ConnectedSocket() socket: Socket, @EventName() event: string, @HandshakeAuth() auth: object): unknown {
    return [socket.id, event, auth];
  }

  @Ack('auth')
  auth(@HandshakeAuth('token') token: string, @HandshakeAuth('level', ParseIntPipe) level: number): unknown {
    return [token, level];
  }

  @Ack('manual')
  manual(@MessageBody() body: unknown, @Ack() ack: (value: unknown) => void): void {
    ack(['acked', body]);
  }

  @Ack('custom')
  custom(@Header('user-agent', describing) header: unknown, @Context() context: unknown): unknown {
    return [header, context];
  }

  @Ack('custom later')
  customLater(@Later('x') value: string, @Later('3', ParseIntPipe) piped: number): unknown {
    return [value, piped];
  }

  @Ack('mixed')
  mixed(
    @nest.ConnectedSocket() socket: Socket,
    @Arg(0) first: unknown,
    @nest.MessageBody('name') name: string,
    @EventName() event: string,
    @nest.MessageBody() body: unknown,
  ): unknown {
    return [socket.id, first, name, event, body];
  }

  @OnEvent('theirs')
  theirs(@nest.MessageBody('age', ParseIntPipe) age: number, @TheirAck() ack: (value: unknown) => void): void {
    ack(age);
  }

  @Ack('undecorated between')
  between(@MessageBody() body: unknown, _nothing: unknown, @EventName() event: string): unknown {
    return [body, _nothing === undefined, event];
  }

  @Ack('plain')
  plain(socket: Socket, ...args: unknown[]): unknown {
    return [socket.id, ...args];
  }

  @UsePipes(describing)
  @Ack('piped plain')
  pipedPlain(_socket: Socket, typed: Typed, other: string): unknown {
    return [typed, other];
  }

  @UsePipes(describing)
  @Ack('described')
  described(
    @MessageBody() body: Typed,
    @MessageBody('name') name: string,
    @Args() args: unknown[],
    @Arg(0) arg: Typed,
    @HandshakeAuth('token') token: string,
    @EventName() event: string,
  ): unknown {
    return [body, name, args, arg, token, event];
  }

  @UsePipes(doublingLater)
  @Ack('async pipes')
  asyncPipes(@Arg(0) one: number, @Arg(1, doublingLater) two: number, @Arg(2) three: number): unknown {
    return [one, two, three];
  }

  @Ack('one async pipe')
  oneAsyncPipe(@MessageBody(doublingLater) value: number): unknown {
    return value;
  }

  @Ack('thenable pipe')
  thenablePipe(@MessageBody(thenable) value: string, @MessageBody(thenable, thenable) twice: string): unknown {
    return [value, twice];
  }
}

async function connected(auth: Record<string, unknown> = {}): Promise<Awaited<ReturnType<typeof connectClient>>> {
  const { url } = await startWith({ providers: [ParamsGateway] });
  return connectClient(url, { auth });
}

describe('parameters', () => {
  it.each([
    ['nothing', [], { body: undefined }],
    ['one argument', ['x'], { body: 'x' }],
    ['pain 34: two arguments', [1, 2], { body: [1, 2] }],
    ['pain 34: one array', [[1, 2]], { body: [1, 2] }],
    ['null', [null], { body: null }],
  ])('@MessageBody is %s', async (_name, args, answer) => {
    expect(await (await connected()).emitWithAck('body', ...args)).toEqual(answer);
  });

  it.each([
    ['nothing', [], []],
    ['one argument', ['x'], ['x']],
    ['pain 34: two arguments', [1, 2], [1, 2]],
    ['pain 34: one array', [[1, 2]], [[1, 2]]],
  ])('@Args is always the array: of %s [I7]', async (_name, args, answer) => {
    expect(await (await connected()).emitWithAck('args', ...args)).toEqual(answer);
  });

  it.each([
    ['property', [{ name: 'bob', age: '7' }], ['bob', 7]],
    ['arg', ['a', '2', 'c'], ['a', 2, 'c']],
    ['piped args', ['1', '2'], [1, 2]],
    ['manual', ['x'], ['acked', 'x']],
    ['undecorated between', ['x'], ['x', true, 'undecorated between']],
    ['async pipes', [1, 2, 3], [2, 8, 6]],
    ['one async pipe', [4], 8],
    ['thenable pipe', ['x'], ['then x', 'then then x']],
    ['custom later', [], ['x', 3]],
    ['theirs', [{ age: '8' }], 8],
  ])('%s', async (event, args, answer) => {
    expect(await (await connected()).emitWithAck(event, ...args)).toEqual(answer);
  });

  it.each([
    ['a property of nothing', []],
    ['a property of a string', ['x']],
    ['an inherited property', [{ __proto__: null }]],
  ])('@MessageBody with a name is undefined for %s', async (_name, args) => {
    class Inherited {
      @Ack('inherited')
      inherited(@MessageBody('constructor') value: unknown, @MessageBody('length') length: unknown): unknown {
        return [typeof value, typeof length];
      }
    }
    const { url } = await startWith({ providers: [Inherited] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('inherited', ...args)).toEqual(['undefined', 'undefined']);
  });

  it('of the socket, the event and the handshake [A5]', async () => {
    const client = await connected({ token: 't', level: '3', pid: 'p', offset: 'o' });
    expect(await client.emitWithAck('context')).toEqual([client.id, 'context', { token: 't', level: '3' }]);
    expect(await client.emitWithAck('auth')).toEqual(['t', 3]);
  });

  it('made by createParamDecorator', async () => {
    const client = await connected();
    const [header, context] = await client.emitWithAck('custom', 'x');
    expect(header).toEqual([null, 'custom', 'user-agent', 'Object']);
    expect(context).toEqual(['ws', 'custom', 'ParamsGateway', 4, 'custom']);
  });

  it('of @nestjs/websockets mixed with ours', async () => {
    const client = await connected();
    const body = { name: 'bob' };
    expect(await client.emitWithAck('mixed', body)).toEqual([client.id, body, 'bob', 'mixed', body]);
  });

  it('without decorators are the socket and the arguments', async () => {
    const client = await connected();
    for (const args of [[], [1], [1, 2], [1, 2, 3]]) {
      expect(await client.emitWithAck('plain', ...args)).toEqual([client.id, ...args]);
    }
  });

  it('without decorators are piped by their position', async () => {
    const client = await connected();
    expect(await client.emitWithAck('piped plain', { name: 'x' }, 'y')).toEqual([
      [{ name: 'x' }, 'body', null, 'Typed'],
      ['y', 'body', null, 'String'],
    ]);
  });

  it('that a client sends go through the pipes of the method, others do not', async () => {
    const client = await connected({ token: 't' });
    expect(await client.emitWithAck('described', { name: 'x' })).toEqual([
      [{ name: 'x' }, 'body', null, 'Typed'],
      ['x', 'body', 'name', 'String'],
      [[{ name: 'x' }], 'body', null, 'Array'],
      [{ name: 'x' }, 'body', null, 'Typed'],
      ['t', 'body', 'token', 'String'],
      'described',
    ]);
  });

  it.each(PLATFORMS)('of lifecycle handlers on %s', async (platform) => {
    const seen: unknown[] = [];
    class Lifecycle {
      @OnConnect()
      connected(@EventName() event: string, @HandshakeAuth('token') token: string, @MessageBody() body: unknown): void {
        seen.push([event, token, body]);
      }

      @OnDisconnect()
      left(
        @ConnectedSocket() socket: Socket,
        @DisconnectReason() reason: string,
        @Args() [, details]: unknown[],
      ): void {
        seen.push([socket.id, reason, details]);
      }
    }
    const { url, websocket } = await startWith({ platform, providers: [Lifecycle] });
    const client = await connectClient(url, { auth: { token: 't' } });
    const { id } = await onlySocket(websocket);
    client.disconnect();
    await until(() => seen.length === 2);
    expect(seen).toEqual([
      ['connect', 't', undefined],
      [id, 'client namespace disconnect', { code: 'CLIENT_DISCONNECT', message: 'the client disconnected' }],
    ]);
  });
});
