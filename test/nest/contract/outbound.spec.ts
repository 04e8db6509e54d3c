import { Injectable } from '@nestjs/common';
import { of } from 'rxjs';
import { z } from 'zod';
import { request } from '../../../src/client/index.js';
import { defineContract, event, type StandardSchema } from '../../../src/contract/index.js';
import { Ack, ConnectedSocket, Gateway, Websocket, type SocketOf } from '../../../src/index.js';
import { closeTestClients, createTestClient, nextEvent } from '../../../src/testing/index.js';
import { createApp } from '../support/start-app.js';

let calls = 0;
const counted: StandardSchema<number, number> = {
  '~standard': {
    ...z.number()['~standard'],
    validate: (value) => {
      calls++;
      return z.number()['~standard'].validate(value);
    },
  },
};

const shop = defineContract('/shop', {
  in: {
    value: event().ack(counted),
    promise: event().ack(counted),
    observable: event().ack(counted),
    iterator: event().ack(counted),
    empty: event().ack(counted),
    direct: event().ack<string>(),
    room: event().ack<string>(),
    late: event().ack<string>(),
  },
  out: {
    price: event(counted),
    slow: event(z.number().refine(async (n) => n > 0, 'too cheap')),
    typed: event<[n: number]>(),
  },
});

const WRONG = 'secret' as unknown as number;

@Injectable()
@Gateway(shop)
class ShopGateway {
  constructor(private readonly websocket: Websocket) {}

  @Ack(shop.in.value) value() {
    return WRONG;
  }
  @Ack(shop.in.promise) async promise() {
    return WRONG;
  }
  @Ack(shop.in.observable) observable() {
    return of(WRONG);
  }
  @Ack(shop.in.iterator) async *iterator() {
    yield WRONG;
  }
  @Ack(shop.in.empty) empty() {
    return undefined as unknown as number;
  }
  @Ack(shop.in.direct) direct(@ConnectedSocket(shop) socket: SocketOf<typeof shop>) {
    socket.emit('price', WRONG);
    return 'sent';
  }
  @Ack(shop.in.room) room(@ConnectedSocket(shop) socket: SocketOf<typeof shop>) {
    this.websocket.of(shop).to(socket.id).emit('price', WRONG);
    return 'sent';
  }
  @Ack(shop.in.late) late(@ConnectedSocket(shop) socket: SocketOf<typeof shop>) {
    socket.emit('slow', 0);
    return 'sent';
  }
}

async function start(outbound?: 'check' | 'off') {
  const errors: Error[] = [];
  const app = await createApp({
    providers: [ShopGateway],
    options: { onError: (error) => errors.push(error as Error), contract: { outbound } },
  });
  const client = await createTestClient(app, shop);
  return { app, client, errors, websocket: app.get(Websocket) };
}

beforeEach(() => (calls = 0));
afterEach(() => closeTestClients());

describe('in development', () => {
  it.each(['value', 'promise', 'observable', 'iterator', 'empty'] as const)(
    'a wrong ack (%s) is an error of the server, told once',
    async (name) => {
      const { client, errors } = await start();
      const reply = await client.emitWithAck(name);
      expect(reply).toEqual({ status: 'error', message: 'Internal server error', code: 'INTERNAL_ERROR' });
      expect(errors).toHaveLength(1);
      expect(errors[0]).toMatchObject({ name: 'ContractViolationError', code: 'CONTRACT_VIOLATION' });
      expect(errors[0].message).toContain(`The ack of the event "${name}" by ShopGateway.${name}()`);
      expect(errors[0].message).not.toContain('secret');
    },
  );

  it.each(['direct', 'room'] as const)(
    'a wrong emit (%s) is thrown at the code that emits, and not sent',
    async (name) => {
      const { client, errors } = await start();
      await expect(request(client, name)).rejects.toMatchObject({ code: 'INTERNAL_ERROR' });
      expect(errors.map(({ message }) => message)).toEqual([
        expect.stringContaining('The event "price" that the server emits in /shop does not match its contract: 0: '),
      ]);
    },
  );

  it('a wrong broadcast is thrown at the code that emits', async () => {
    const { websocket, errors } = await start();
    expect(() => websocket.of(shop).emit('price', WRONG)).toThrow('does not match its contract');
    expect(errors).toEqual([]);
  });

  it('a wrong emit with an asynchronous schema is reported', async () => {
    const { client, errors } = await start();
    expect(await request(client, 'late')).toBe('sent');
    expect(await nextEvent(client, 'slow')).toEqual([0]);
    expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining('0: too cheap')]);
  });

  it('checks nothing of what is typed only, and sends what fits unchanged', async () => {
    const { client, websocket } = await start();
    websocket.of(shop).emit('typed', WRONG);
    expect(await nextEvent(client, 'typed')).toEqual(['secret']);
    websocket.of(shop).emit('price', 7);
    expect(await nextEvent(client, 'price')).toEqual([7]);
  });
});

describe('in production', () => {
  it.each([
    ['by the option', 'off', process.env.NODE_ENV],
    ['by NODE_ENV', undefined, 'production'],
  ] as const)('sends without a call of a schema, %s', async (_how, outbound, environment) => {
    const before = process.env.NODE_ENV;
    process.env.NODE_ENV = environment;
    const { client, websocket, errors } = await start(outbound).finally(() => (process.env.NODE_ENV = before));
    expect(await client.emitWithAck('value')).toBe('secret');
    expect(await client.emitWithAck('observable')).toBe('secret');
    websocket.of(shop).emit('price', WRONG);
    expect(await nextEvent(client, 'price')).toEqual(['secret']);
    expect(calls).toBe(0);
    expect(errors).toEqual([]);
    expect(websocket.of(shop).outbound).toBeNull();
  });
});

describe('the option contract', () => {
  it.each([
    [{ outbound: 'sometimes' }, 'contract.outbound'],
    [{ inbound: 'off' }, 'contract.inbound'],
    ['check', 'contract'],
  ])('refuses %j', async (contract, name) => {
    await expect(createApp({ options: { contract: contract as never } })).rejects.toThrow(`"${name}"`);
  });
});
