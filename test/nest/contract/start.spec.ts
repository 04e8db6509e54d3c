import { z } from 'zod';
import { defineContract, event } from '../../../src/contract/index.js';
import { Ack, Args, BindingError, ConnectedSocket, Gateway, MessageBody, OnEvent } from '../../../src/index.js';
import { createApp, failureOf } from '../support/start-app.js';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';

const chat = defineContract('/chat', {
  in: { say: event(z.string()), sum: event<[a: number, b: number]>().ack<number>() },
});
const admin = defineContract('/admin', { in: { kick: event(z.string()) } });

/** What stops the start of an application with these gateways. */
async function refusalOf(...providers: Function[]): Promise<string> {
  const error = await failureOf({ providers: providers as never });
  expect(error).toBeInstanceOf(BindingError);
  return error.message;
}

/** A whole gateway of the chat, for what is written beside it. */
function wholeGateway(): Function {
  @Gateway(chat)
  class WholeGateway {
    @OnEvent(chat.in.say) say() {}
    @Ack(chat.in.sum) sum() {
      return 3;
    }
  }
  return WholeGateway;
}

describe('the start is stopped by', () => {
  it('events that have no handler', async () => {
    @Gateway(chat)
    class EmptyGateway {}
    expect(await refusalOf(EmptyGateway)).toBe(
      'No handler for "say", "sum" of the contract of /chat. Add handlers, or write ' +
        '@Gateway(contract, { partial: true }) if other modules, applications or socket.on() handle the rest.',
    );
  });

  it('an event that does not exist, for those without a compiler', async () => {
    const events = chat.in as Record<string, unknown>;
    @Gateway(chat, { partial: true })
    class Misspelt {
      @OnEvent(events.sya as string) say() {}
    }
    expect(await refusalOf(Misspelt)).toBe(
      'Misspelt.say() would never run: its event is undefined, but the name of an event must be a string. It is undefined if it is ' +
        'imported from a file that imports this one, or if the contract does not have it.',
    );
    @Gateway(chat, { partial: true })
    class MisspeltAck {
      @Ack(events.smu as string) sum() {}
    }
    expect(await refusalOf(MisspeltAck)).toBe(
      "@Ack() on MisspeltAck.sum() needs an event: use @Ack('name'), or add @OnEvent('name')",
    );
  });

  it('an event with an ack that only @OnEvent hears', async () => {
    @Gateway(chat)
    class QuietGateway {
      @OnEvent(chat.in.say) say() {}
      @OnEvent(chat.in.sum) sum() {}
    }
    expect(await refusalOf(QuietGateway)).toBe(
      'No handler answers "sum" of the contract of /chat: the contract has an ack, but @OnEvent returns none. ' +
        'Use @Ack for one of the handlers.',
    );
  });

  it('an entry of another contract', async () => {
    @Gateway(chat)
    class StrayGateway {
      @OnEvent(admin.in.kick) kick() {}
    }
    expect(await refusalOf(wholeGateway(), StrayGateway)).toBe(
      'StrayGateway.kick() takes the event "kick" and belongs to the contract of /admin, but StrayGateway has the ' +
        'contract of /chat. Use an entry of its own contract, or move the handler to another gateway.',
    );
  });

  it('a name that the contract does not have', async () => {
    @Gateway(chat)
    class MisspeltGateway {
      @OnEvent('sya') say() {}
    }
    expect(await refusalOf(wholeGateway(), MisspeltGateway)).toBe(
      'MisspeltGateway.say() handles the event "sya", which the contract of /chat does not have. ' +
        'It has: "say", "sum". Correct the name, or add the event to the contract.',
    );
  });

  it('an entry in a class without a contract', async () => {
    @Gateway('/chat')
    class PlainGateway {
      @OnEvent(chat.in.say) say() {}
    }
    expect(await refusalOf(PlainGateway)).toBe(
      'PlainGateway.say() takes the event "say" and belongs to the contract of /chat, but PlainGateway has no ' +
        'contract. Give it to the class: @Gateway(contract).',
    );
  });

  it('a parameter that takes another event than its method handles', async () => {
    @Gateway(chat)
    class MixedGateway {
      @OnEvent(chat.in.say) say(@Args(chat.in.sum) [a]: [number, number]) {
        return a;
      }
    }
    expect(await refusalOf(wholeGateway(), MixedGateway)).toBe(
      'The parameter 0 of MixedGateway.say() takes the event "sum", but the method handles "say". ' +
        'Give both decorators the same entry of the contract.',
    );
  });

  it('a parameter that takes the socket of another contract', async () => {
    @Gateway(chat)
    class OtherSocketGateway {
      @OnEvent(chat.in.say) say(@MessageBody(chat.in.say) text: string, @ConnectedSocket(admin) socket: object) {
        return [text, socket];
      }
    }
    expect(await refusalOf(wholeGateway(), OtherSocketGateway)).toContain(
      'The parameter 1 of OtherSocketGateway.say() belongs to the contract of /admin',
    );
  });

  it('an answer to an event without an ack', async () => {
    @Gateway(chat)
    class AnsweringGateway {
      @Ack('say') say() {
        return 1;
      }
    }
    expect(await refusalOf(wholeGateway(), AnsweringGateway)).toContain('which has no ack in the contract of /chat');
  });

  it('a second contract of one namespace', async () => {
    const other = defineContract('/chat', { in: { sing: event() } });
    @Gateway(other)
    class SecondGateway {
      @OnEvent(other.in.sing) sing() {}
    }
    expect(await refusalOf(wholeGateway(), SecondGateway)).toContain('A namespace has one contract');
  });

  it('options that @Gateway does not have', async () => {
    @Gateway(chat, { partial: 'yes' as never })
    class OddGateway {
      @OnEvent(chat.in.say) say() {}
    }
    expect(await refusalOf(OddGateway)).toContain('takes partial as true or false');
    @Gateway({ namespace: '/chat', partial: true } as never)
    class UnknownGateway {
      @OnEvent('say') say() {}
    }
    expect(await refusalOf(UnknownGateway)).toContain('unknown option "partial"');
  });
});

describe('the start goes on', () => {
  it('with partial: true', async () => {
    @Gateway(chat, { partial: true })
    class PartialGateway {
      @OnEvent(chat.in.say) say() {}
    }
    const app = await createApp({ providers: [PartialGateway] });
    await expect(app.init()).resolves.toBe(app);
  });

  it('if several classes handle the events together', async () => {
    @Gateway(chat)
    class SayGateway {
      @OnEvent(chat.in.say) say() {}
    }
    @Gateway(chat)
    class SumGateway {
      @OnEvent(chat.in.say) alsoSay() {}
      @Ack(chat.in.sum) sum() {
        return 3;
      }
    }
    const app = await createApp({ providers: [SayGateway, SumGateway] });
    await expect(app.init()).resolves.toBe(app);
  });

  it('if gateways of @nestjs/websockets handle the rest', async () => {
    @WebSocketGateway({ namespace: '/chat' })
    class OldGateway {
      @SubscribeMessage('sum') sum() {
        return 3;
      }
    }
    @Gateway(chat)
    class NewGateway {
      @OnEvent('say') say() {}
    }
    const app = await createApp({ providers: [OldGateway, NewGateway] });
    await expect(app.init()).resolves.toBe(app);
  });

  it('with maps that exist as types only', async () => {
    const legacy = defineContract<{ in: { hi: (name: string, ack: (text: string) => void) => void } }>('/legacy');
    @Gateway(legacy)
    class LegacyGateway {
      @Ack(legacy.in.hi) hi(@MessageBody(legacy.in.hi) name: string) {
        return name;
      }
    }
    const app = await createApp({ providers: [LegacyGateway] });
    await expect(app.init()).resolves.toBe(app);
  });

  it('with the contract of a package that is loaded twice', async () => {
    const copy = defineContract('/chat', {
      in: { say: event(z.string()), sum: event<[a: number, b: number]>().ack<number>() },
    });
    @Gateway(copy)
    class CopyGateway {
      @OnEvent(chat.in.say) say() {}
      @Ack(copy.in.sum) sum() {
        return 3;
      }
    }
    @Gateway(chat)
    class OriginalGateway {
      @OnEvent(copy.in.say) say() {}
    }
    const app = await createApp({ providers: [CopyGateway, OriginalGateway] });
    await expect(app.init()).resolves.toBe(app);
  });
});
