import { WsContextCreator } from '@nestjs/websockets/context/ws-context-creator.js';
import { SubscribeMessage } from '@nestjs/websockets';
import { Ack, Gateway, OnEvent, SocketIoException } from '../../src/index.js';
import { MessageAgents } from '../../src/nest/pipeline/message-agents.js';
import { cleanup } from '../support/cleanup.js';
import { connectClient, startApp } from '../support/nest-app.js';
import { until } from '../support/until.js';

@Gateway('/chat')
class ChatGateway {
  @Ack('sum')
  sum(_socket: object, a: number, b: number) {
    return a + b;
  }

  @Ack('refused')
  async refused() {
    throw new SocketIoException('no');
  }

  @SubscribeMessage('old')
  old(_socket: object, body: string) {
    return body;
  }
}

@Gateway(/^\/any-/)
class AnyGateway {
  @OnEvent('*')
  any() {}
}

/** Replaces what Nest builds the callables of messages by, as agents do, until the test ends. */
function installAgent(name: string, seen: unknown[][]): void {
  const prototype = WsContextCreator.prototype as unknown as { create: (...args: unknown[]) => Function };
  const { create } = prototype;
  prototype.create = function (instance, callback, ...rest) {
    const handler = create.call(this, instance, callback, ...rest);
    return (...args: unknown[]) => {
      const client = args[0] as { id: string };
      seen.push([
        name,
        (instance as object).constructor.name,
        Reflect.getMetadata('message', callback as object),
        rest[1],
        client.id,
        args[1],
      ]);
      return Reflect.apply(handler, undefined, args) as unknown;
    };
  };
  cleanup(() => void (prototype.create = create));
}

describe('an agent that watches how Nest builds the callables of messages', () => {
  it('sees every event with its socket and body, beside another agent, and changes no answer', async () => {
    const seen: unknown[][] = [];
    installAgent('inner', seen);
    installAgent('outer', seen);
    const { url } = await startApp([ChatGateway, AnyGateway]);
    const client = await connectClient(`${url}/chat`);
    expect(await client.emitWithAck('sum', 1, 2)).toBe(3);
    expect(await client.emitWithAck('refused', 'x')).toMatchObject({ status: 'error', message: 'no' });
    expect(await client.emitWithAck('old', 'body')).toBe('body');
    const other = await connectClient(`${url}/any-1`);
    other.emit('made-up');
    await until(() => seen.length === 8);
    const [agents, calls] = [seen.map(([name]) => name), seen.map(([, ...call]) => call)];
    expect(agents).toEqual(['outer', 'inner', 'outer', 'inner', 'outer', 'inner', 'outer', 'inner']);
    expect(calls.filter((_call, i) => i % 2 === 0)).toEqual([
      ['ChatGateway', 'sum', 'sum', client.id, [1, 2]],
      ['ChatGateway', 'refused', 'refused', client.id, 'x'],
      ['ChatGateway', 'old', 'old', client.id, 'body'],
      ['AnyGateway', '*', 'any', other.id, undefined],
    ]);
  });

  it('costs nothing if there is none: pipelines stay what they are', async () => {
    const agents = new MessageAgents();
    await agents.load();
    const pipeline = {} as never;
    expect(agents.watch(pipeline, { subject: { kind: 'event' } } as never, {}, () => {})).toBe(pipeline);
  });
});
