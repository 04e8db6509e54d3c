import * as common from '@nestjs/common';
import {
  SerializeOptions,
  UseInterceptors,
  UsePipes,
  createParamDecorator,
  type ExecutionContext,
} from '@nestjs/common';
import * as websockets from '@nestjs/websockets';
import { Ack, Arg, Args, HandshakeAuth, MessageBody, OnHandshake } from '../../src/index.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { nextEvent } from '../support/until.js';
import { isNestSince } from './support/nest-version.js';
import { startWith } from './support/start-app.js';

type Result = { value: unknown } | { issues: { message: string; path?: string[] }[] };

/** By the text of the specification, without a library. */
function schemaOf(validate: (value: unknown) => Result | Promise<Result>): { '~standard': never } {
  return { '~standard': { version: 1, vendor: 'test', validate } as never };
}

/** An object with a name, which is trimmed. */
const named = schemaOf((value) => {
  const { name } = (value ?? {}) as { name?: unknown };
  if (typeof name === 'string') return { value: { name: name.trim() } };
  return { issues: [{ message: 'must be a string', path: ['name'] }] };
});

const positiveLater = schemaOf(async (value) => {
  await Promise.resolve();
  return Number(value) > 0 ? { value: Number(value) } : { issues: [{ message: 'must be positive' }] };
});

const publicUser = schemaOf((value) => ({ value: { name: (value as { name: string }).name } }));

const { StandardSchemaValidationPipe, StandardSchemaSerializerInterceptor } = common;

// Nest 11 knows no Standard Schema.
const sinceNest12 = isNestSince('12') ? describe : describe.skip;

sinceNest12('pain 10: a Standard Schema', () => {
  const Query = createParamDecorator((_data: unknown, context: ExecutionContext) => {
    return context.switchToWs().getData<unknown>();
  });

  function createGateway(): new () => object {
    @UsePipes(new StandardSchemaValidationPipe({ validateCustomDecorators: true }))
    class SchemaGateway {
      @Ack('body')
      body(@MessageBody({ schema: named }) body: unknown): unknown {
        return body;
      }

      @Ack('property')
      property(@MessageBody('amount', { schema: positiveLater }) amount: unknown): unknown {
        return amount;
      }

      @Ack('arguments')
      arguments(
        @Arg(0, { schema: named }) first: unknown,
        @Arg(1, { schema: positiveLater }) second: unknown,
      ): unknown {
        return [first, second];
      }

      @Ack('all arguments')
      all(@Args({ schema: schemaOf((value) => ({ value: (value as unknown[]).length })) }) count: unknown): unknown {
        return count;
      }

      @Ack('of @nestjs/websockets')
      theirs(@websockets.MessageBody({ schema: named }) body: unknown): unknown {
        return body;
      }

      @Ack('custom')
      custom(@Query({ schema: named } as never) body: unknown): unknown {
        return body;
      }

      @UseInterceptors(StandardSchemaSerializerInterceptor)
      @SerializeOptions({ schema: publicUser })
      @Ack('serialized')
      serialized(): object {
        return { name: 'alice', password: 'secret' };
      }
    }
    return SchemaGateway;
  }

  const failed = (detail: string): object => ({
    status: 'error',
    message: 'Bad Request',
    statusCode: 400,
    details: [detail],
  });

  it.each([
    ['body', [{ name: ' bob ' }], { name: 'bob' }],
    ['body', [{}], failed('name: must be a string')],
    ['property', [{ amount: '7' }], 7],
    ['property', [{ amount: -7 }], failed('must be positive')],
    ['arguments', [{ name: 'bob ' }, 3], [{ name: 'bob' }, 3]],
    ['arguments', [{ name: 'bob' }, 0], failed('must be positive')],
    ['all arguments', [1, 2, 3], 3],
    ['of @nestjs/websockets', [{ name: ' bob' }], { name: 'bob' }],
    ['of @nestjs/websockets', [5], failed('name: must be a string')],
    ['custom', [{ name: ' bob' }], { name: 'bob' }],
    ['custom', [5], failed('name: must be a string')],
    ['serialized', [], { name: 'alice' }],
  ])('validates and transforms a parameter, and tells what is wrong: %s %j', async (event, args, answer) => {
    const { url } = await startWith({ providers: [createGateway()] });
    const client = await connectClient(url);
    expect(await client.emitWithAck(event, ...args)).toEqual(answer);
  });

  it('validates the handshake', async () => {
    class Handshake {
      @OnHandshake()
      @UsePipes(new StandardSchemaValidationPipe())
      handshake(@HandshakeAuth({ schema: named }) _auth: unknown): void {}
    }
    const { url } = await startWith({ providers: [Handshake] });
    const client = createClient(url, { auth: { name: 7 } });
    const refused = nextEvent(client, 'connect_error');
    client.connect();
    expect((await refused)[0]).toMatchObject({ data: failed('name: must be a string') });
  });
});
