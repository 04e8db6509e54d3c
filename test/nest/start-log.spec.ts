/** What the start says of what was bound, and what the log says of names that are not there. */
import { Module, UseGuards, type CanActivate, type ModuleMetadata, type Type } from '@nestjs/common';
import { LazyModuleLoader, SerializedGraph } from '@nestjs/core';
import { SubscribeMessage, WebSocketGateway, type OnGatewayInit } from '@nestjs/websockets';
import { z } from 'zod';
import {
  Ack,
  Gateway,
  OnConnect,
  OnDisconnect,
  OnEvent,
  OnHandshake,
  RateLimit,
  type Server,
  type SocketIoModuleOptions,
} from '../../src/index.js';
import { defineContract, event } from '../../src/contract/index.js';
import { cleanup } from '../support/cleanup.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { nextEvent } from '../support/until.js';
import { startWith } from './support/start-app.js';
import { watchLog } from './support/watch-log.js';
import { startGateways } from './adapter/support/start-gateways.js';

class RoomGuard implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

@UseGuards(RoomGuard)
@Gateway('/chat')
class ChatGateway {
  @OnHandshake()
  auth(): void {}

  @OnDisconnect()
  left(): void {}

  @RateLimit({ limit: 5 })
  @Ack('message')
  message(): void {}

  @Ack('join')
  join(): void {}

  @OnEvent('typing')
  typing(): void {}
}

class Notifier {
  @OnEvent('internal')
  onInternal(): void {}
}

@WebSocketGateway({ namespace: '/old' })
class OldGateway {
  handleConnection(): void {}

  @OnConnect()
  joined(): void {}

  @SubscribeMessage('old')
  old(): void {}
}

const start = (providers: Type[], options: SocketIoModuleOptions = {}, more: ModuleMetadata = {}) =>
  startWith({ providers, options, ...more });

describe('the log of the start', () => {
  it('has a line for each class and one about the server', async () => {
    const lines = watchLog('log');
    await start([ChatGateway, Notifier, OldGateway], { connectionStateRecovery: {} });
    expect(lines).toEqual([
      'ChatGateway {/chat}: hooks handshake auth, disconnect left; guards RoomGuard; acks message (5/s per socket), join; ' +
        'events typing',
      'Notifier {/, without @Gateway}: events internal',
      'OldGateway {/old}: hooks connect joined, connect handleConnection; messages old',
      'Socket.IO on /socket.io: polling, websocket; adapter RecoveringAdapter; recovery on; 3 gateways, 5 events, 3 namespaces; ' +
        '"/" is open to all',
    ]);
  });

  it('says that the main namespace is guarded', async () => {
    @UseGuards(RoomGuard)
    @Gateway()
    class RootGateway {
      @OnConnect()
      joined(): void {}
    }
    const lines = watchLog('log');
    await start([RootGateway], { path: '/io', transports: ['websocket'] });
    expect(lines).toEqual([
      'RootGateway {/}: hooks connect joined; guards RoomGuard',
      'Socket.IO on /io: websocket; adapter MemoryAdapter; recovery off; 1 gateway, 0 events, 1 namespace; "/" is guarded',
    ]);
  });

  it('does not take what runs handlers of the main namespace for a middleware', async () => {
    @Gateway()
    class RootGateway {
      @OnConnect()
      joined(): void {}
    }
    @Gateway()
    class Screened implements OnGatewayInit {
      afterInit(server: Server): void {
        server.use((_socket, next) => next());
      }
      @OnConnect()
      joined(): void {}
    }
    const lines = watchLog('log');
    await start([RootGateway]);
    expect(lines.at(-1)).toMatch(/; "\/" is open to all$/);
    await start([Screened]);
    expect(lines.at(-1)).toMatch(/; "\/" has middlewares$/);
  });

  it('takes a schema of the auth for a guard', async () => {
    const contract = defineContract('/', { auth: z.object({ token: z.string() }), in: { ask: event() } });
    @Gateway(contract)
    class RootGateway {
      @OnEvent('ask')
      ask(): void {}
    }
    const lines = watchLog('log');
    await start([RootGateway]);
    expect(lines.at(-1)).toMatch(/; "\/" is guarded$/);
  });

  it.each<[string, SocketIoModuleOptions]>([
    ['guarded', { connectGuards: [new RoomGuard()] }],
    ['closed', { rootNamespace: false }],
    ['closed', { rootNamespace: false, connectGuards: [new RoomGuard()] }],
  ])('says that the main namespace is %s by the options %j', async (state, options) => {
    const lines = watchLog('log');
    await start([ChatGateway], options);
    expect(lines.at(-1)).toMatch(new RegExp(`; "/" is ${state}$`));
  });

  it('has a line for each of ten classes, by what they are bound to: names, patterns, nothing', async () => {
    const classes = Array.from({ length: 10 }, (_, i) => {
      class Bound {
        @OnEvent(i === 9 ? '*' : 'moved')
        moved(): void {}
      }
      Gateway(i % 3 === 0 ? new RegExp(`^/room-${i}`) : `/floor-${i}`)(Bound);
      return Bound;
    });
    const lines = watchLog('log');
    await start(classes);
    expect(lines).toEqual([
      'Bound {/^\\/room-0/}: events moved',
      'Bound {/floor-1}: events moved',
      'Bound {/floor-2}: events moved',
      'Bound {/^\\/room-3/}: events moved',
      'Bound {/floor-4}: events moved',
      'Bound {/floor-5}: events moved',
      'Bound {/^\\/room-6/}: events moved',
      'Bound {/floor-7}: events moved',
      'Bound {/floor-8}: events moved',
      'Bound {/^\\/room-9/}: events *',
      'Socket.IO on /socket.io: polling, websocket; adapter MemoryAdapter; recovery off; 10 gateways, 10 events, 10 namespaces; ' +
        '"/" is open to all',
    ]);
  });

  it('counts names after the twelfth, and has one line for each of 200 classes', async () => {
    const classes = Array.from({ length: 200 }, (_, i) => {
      class Many {}
      for (let j = 0; j < 15; j++) {
        const descriptor = { value: () => undefined, configurable: true };
        Object.defineProperty(Many.prototype, `on${j}`, descriptor);
        OnEvent(`event ${j}`)(Many.prototype, `on${j}`, descriptor);
      }
      Gateway(`/${i}`)(Many);
      return Many;
    });
    const lines = watchLog('log');
    await start(classes);
    expect(lines).toHaveLength(201);
    expect(lines[0]).toMatch(/^Many \{\/0\}: events event 0, .*event 11 and 3 more$/);
    expect(lines.at(-1)).toContain('200 gateways, 3000 events, 200 namespaces');
  });

  it('tells of modules that are loaded later', async () => {
    @Module({ providers: [Notifier] })
    class LateModule {}
    const { app } = await start([]);
    const lines = watchLog('log');
    await app.get(LazyModuleLoader).load(() => LateModule);
    expect(lines).toEqual(['Notifier {/, without @Gateway}: events internal']);
  });

  it('is silenced by logBindings: false', async () => {
    const lines = watchLog('log');
    await start([ChatGateway], { logBindings: false });
    expect(lines).toEqual([]);
  });

  it('of an adapter alone has what Nest does not log', async () => {
    const lines = watchLog('log');
    await startGateways({ providers: [OldGateway] });
    expect(lines).toEqual(['OldGateway {/old}: hooks connect joined']);
  });
});

it('the graph of the application has an entry point for each event', async () => {
  const { app } = await start([ChatGateway]);
  const { entrypoints } = app.get(SerializedGraph).toJSON() as unknown as {
    entrypoints: Record<string, { className: string; methodName: string; metadata: { message: string } }[]>;
  };
  const found = Object.values(entrypoints).flat();
  expect(found.map(({ className, methodName, metadata }) => [className, methodName, metadata.message])).toEqual(
    expect.arrayContaining([
      ['ChatGateway', 'message', 'message'],
      ['ChatGateway', 'join', 'join'],
      ['ChatGateway', 'typing', 'typing'],
    ]),
  );
  expect(found).toHaveLength(3);
});

describe('a name that is not there', () => {
  const connectError = async (url: string): Promise<void> => {
    const client = createClient(url);
    client.connect();
    await nextEvent(client, 'connect_error');
  };

  it('is said once, with the nearest that is there, and the client is told the namespace', async () => {
    const { url } = await start([ChatGateway]);
    const lines = watchLog('warn');
    const client = await connectClient(`${url}/chat`);
    for (let i = 0; i < 2; i++) {
      expect(await client.emitWithAck('mesage')).toMatchObject({
        message: 'No handler for event "mesage" in namespace "/chat"',
      });
    }
    await client.emitWithAck('jion');
    await client.emitWithAck('something else');
    await connectError(`${url}/caht`);
    await connectError(`${url}/caht`);
    expect(lines).toEqual([
      'A client emitted "mesage" in "/chat", which has no handler for it; did you mean "message"?',
      'A client emitted "jion" in "/chat", which has no handler for it; did you mean "join"?',
      'A client emitted "something else" in "/chat", which has no handler for it.',
      'A client asked for the namespace "/caht", which does not exist; did you mean "/chat"?',
    ]);
  });

  it('is said to be that of a class which no module provides', async () => {
    @Gateway('/forgotten')
    class ForgottenGateway {
      @Ack('ask')
      ask(): void {}
    }
    @Gateway('/chat')
    class OtherGateway {
      @Ack('other')
      other(): void {}
    }
    expect([ForgottenGateway, OtherGateway]).toHaveLength(2);
    const { url } = await start([ChatGateway]);
    const lines = watchLog('warn');
    await connectError(`${url}/forgotten`);
    await (await connectClient(`${url}/chat`)).emitWithAck('other');
    expect(lines).toEqual([
      'A client asked for the namespace "/forgotten", which does not exist: ForgottenGateway would handle it, but no module ' +
        'provides ForgottenGateway itself. Add it to the providers of a module.',
      'A client emitted "other" in "/chat", which has no handler for it: OtherGateway.other() would handle it, but no module provides ' +
        'OtherGateway itself. Add it to the providers of a module.',
    ]);
  });

  it('is quoted and cut, and after twenty no more is said', async () => {
    const { url } = await start([Notifier]);
    const lines = watchLog('warn');
    const client = await connectClient(url);
    await client.emitWithAck(`forged\nline ${'x'.repeat(100)}`);
    for (let i = 0; i < 30; i++) await client.emitWithAck(`made up ${i}`);
    expect(lines).toHaveLength(20);
    expect(lines[0]).toBe(`A client emitted "forged\\nline ${'x'.repeat(52)}…" in "/", which has no handler for it.`);
  });

  it.each([
    ['with warnUnknown: false', process.env.NODE_ENV, { warnUnknown: false }, 0],
    ['in production', 'production', {}, 0],
    ['in production, unless it is asked for', 'production', { warnUnknown: true }, 1],
  ] as const)('is not said %s', async (_when, environment, options, count) => {
    const before = process.env.NODE_ENV;
    process.env.NODE_ENV = environment;
    cleanup(() => (process.env.NODE_ENV = before));
    const { url } = await start([Notifier], options);
    const lines = watchLog('warn');
    await (await connectClient(url)).emitWithAck('unknown');
    expect(lines).toHaveLength(count);
  });

  it('is said by the application that was asked', async () => {
    const [one, other] = [await start([Notifier], { logBindings: false }), await start([Notifier])];
    const lines = watchLog('warn');
    await (await connectClient(one.url)).emitWithAck('first');
    await (await connectClient(other.url)).emitWithAck('first');
    expect(lines).toHaveLength(2);
  });
});
