import { Parser } from '@asyncapi/parser';
import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { type as ark } from 'arktype';
import * as v from 'valibot';
import { parse } from 'yaml';
import { z } from 'zod';
import { asyncApiDocument, AsyncApiError, toYaml, type AsyncApiOptions } from '../../src/asyncapi/index.js';
import { binary, defineContract, event, type AnyContract } from '../../src/contract/index.js';

const OPTIONS: AsyncApiOptions = {
  info: { title: 'Tea room', version: '1.2.0', description: 'What is said: over <b>tea</b> & "cake"' },
  servers: { production: { host: 'tea.example', protocol: 'wss', pathname: '/socket.io' } },
  security: { token: { type: 'http', scheme: 'bearer' } },
};

const CONTRACTS: readonly AnyContract[] = [
  defineContract('/zod', {
    in: {
      message: event(z.object({ room: z.string(), text: z.string() }))
        .ack(z.object({ id: z.string() }))
        .describe({ summary: 'Post: a "message"', description: 'To everyone in the room', deprecated: true }),
      search: event(z.string(), z.number().optional()).ack(z.array(z.string())),
      move: event<[x: number, y: number]>(),
      rename: event<[name: string]>().ack<string>(),
      avatar: event(binary({ maxBytes: 10 })),
      'odd / name': event(z.string()),
      'odd - name': event(z.string()),
    },
    out: { message: event(z.object({ text: z.string() })), confirm: event(z.string()).ack(z.boolean()) },
    auth: z.object({ token: z.string() }),
  }),
  defineContract('/valibot', {
    in: { order: event(toStandardJsonSchema(v.object({ name: v.string(), amount: v.number() }))) },
  }),
  defineContract('/arktype', { in: { order: event(ark({ name: 'string', 'note?': 'string' })).ack(ark('number')) } }),
  defineContract(/^\/tenant-\d+$/, { in: { hello: event(z.string()) } }),
  defineContract<{ in: { hi: (name: string) => void } }>('/legacy'),
];

/** What the parser of AsyncAPI finds wrong. */
async function errorsOf(document: unknown): Promise<string[]> {
  const { diagnostics } = await new Parser().parse(JSON.stringify(document));
  return diagnostics
    .filter(({ severity }) => severity === 0)
    .map(({ message, path }) => `${path.join('.')}: ${message}`);
}

describe('asyncApiDocument', () => {
  const document = asyncApiDocument(CONTRACTS, OPTIONS);

  it('is valid for all libraries', async () => {
    expect(await errorsOf(document)).toEqual([]);
  });

  it('is held against the specification by this test', async () => {
    const broken = structuredClone(document) as unknown as Record<string, Record<string, { channel: object }>>;
    broken.operations['zod.receive.move'].channel = { $ref: '#/channels/gone' };
    expect(await errorsOf(broken)).not.toEqual([]);
  });

  it('has a channel for each namespace and an operation for each event', () => {
    expect(Object.values(document.channels).map(({ address }) => address)).toEqual([
      '/zod',
      '/valibot',
      '/arktype',
      null,
      '/legacy',
    ]);
    expect(Object.keys(document.operations)).toEqual([
      'zod.receive.message',
      'zod.receive.search',
      'zod.receive.move',
      'zod.receive.rename',
      'zod.receive.avatar',
      'zod.receive.odd_name',
      'zod.receive.odd_-_name',
      'zod.send.message',
      'zod.send.confirm',
      'valibot.receive.order',
      'arktype.receive.order',
      'tenant-_d.receive.hello',
    ]);
    expect(document.channels.zod['x-handshake-auth']).toMatchObject({ required: ['token'] });
  });

  it('describes arguments as the list that travels, and optional ones', () => {
    const { payload } = document.channels.zod.messages['receive.search'] as { payload: object };
    expect(payload).toMatchObject({
      type: 'array',
      items: [{ type: 'string' }, { type: 'number' }],
      minItems: 1,
      maxItems: 2,
    });
  });

  it('describes acks beside the error that may come instead', () => {
    expect(document.operations['zod.receive.message']).toMatchObject({
      action: 'receive',
      summary: 'Post: a "message"',
      'x-deprecated': true,
      security: [{ $ref: '#/components/securitySchemes/token' }],
      reply: {
        messages: [{ $ref: '#/channels/zod/messages/receive.message.ack' }, { $ref: '#/channels/zod/messages/error' }],
      },
    });
    expect(document.operations['zod.send.confirm'].reply?.messages).toHaveLength(1);
    expect(document.operations['zod.receive.move'].reply).toBeUndefined();
  });

  it('says of typed events that the source has their types', () => {
    expect(document.channels.zod.messages['receive.move']).toMatchObject({
      payload: { description: 'Declared as a type only' },
    });
  });

  it('keeps schemas that refer to themselves, apart', async () => {
    interface Tree {
      name: string;
      children: Tree[];
    }
    const tree: z.ZodType<Tree, Tree> = z.lazy(() => z.object({ name: z.string(), children: z.array(tree) }));
    const recursive = asyncApiDocument([defineContract('/trees', { in: { plant: event(tree).ack(tree) } })], OPTIONS);
    expect(await errorsOf(recursive)).toEqual([]);
    expect(Object.keys(recursive.components.schemas!)).toContain('trees.receive.plant.0');
  });

  it('stops at what has no JSON Schema, and names it', () => {
    const dates = defineContract('/dates', { in: { pick: event(z.string(), z.date()) } });
    expect(() => asyncApiDocument([dates], OPTIONS)).toThrow(AsyncApiError);
    expect(() => asyncApiDocument([dates], OPTIONS)).toThrow(
      'The argument 1 of the event "pick" in /dates has no JSON Schema: Date cannot be represented in JSON Schema',
    );
    const bare = defineContract('/bare', { in: { pick: event().ack(v.string()) } });
    expect(() => asyncApiDocument([bare], OPTIONS)).toThrow(
      'The ack of the event "pick" in /bare has no JSON Schema: wrap it with toStandardJsonSchema()',
    );
    const auth = defineContract('/auth', { auth: v.string() });
    expect(() => asyncApiDocument([auth], OPTIONS)).toThrow('The auth of /auth has no JSON Schema');
  });
});

describe('toYaml', () => {
  it('says the same as JSON', () => {
    const document = asyncApiDocument(CONTRACTS, OPTIONS);
    expect(parse(toYaml(document))).toEqual(JSON.parse(JSON.stringify(document)));
  });

  it.each([
    [
      '',
      'a: b',
      '- x',
      '# no',
      'true',
      'null',
      '1',
      '1e3',
      '2026-11-30',
      'a\nb',
      ' a',
      'a ',
      '"',
      "'",
      '*',
      '&',
      '~',
      '@',
    ],
    [[], {}, [[]], [{}], [[1, 2], [{ a: [] }]], { a: { b: { c: null } } }, [true, -0.5]],
    ['ключ', '日本', '😀', 'a\u2028b', 'yes', 'no', 'a #b', 'key:', '%', 'a, b', '{', '['],
  ])('writes everything so that it is read as it was', (...values) => {
    for (const value of values) {
      expect(parse(toYaml({ value, list: [value], [String(value)]: value }))).toEqual({
        value,
        list: [value],
        [String(value)]: value,
      });
      expect(parse(toYaml(value))).toEqual(value);
    }
  });
});
