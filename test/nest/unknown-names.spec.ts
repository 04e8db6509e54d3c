/** What clients ask for in vain is said once while an application is developed, by whatever way they come, and whoever serves them. */
import { EventEmitter, once } from 'node:events';
import { Logger } from '@nestjs/common';
import { OnEvent as OnInternalEvent } from '@nestjs/event-emitter';
import { SubscribeMessage, WebSocketGateway, type GatewayMetadata } from '@nestjs/websockets';
import type { Manager } from 'socket.io-client';
import { Ack, Gateway, OnConnect, SocketIoAdapter } from '../../src/index.js';
import type { Namespace, Server, Socket } from '../../src/server.js';
import { closeTestClients, connectError, createTestClient } from '../../src/testing/index.js';
import { cleanup } from '../support/cleanup.js';
import { freePort } from '../support/free-port.mjs';
import { connectLegacyClient, openLegacyClient } from '../support/legacy-client.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { upgraded } from '../support/official-client.js';
import { nextEvent, until } from '../support/until.js';
import { WebTransportPair } from '../support/webtransport.js';
import { startGateways } from './adapter/support/start-gateways.js';
import { startWith } from './support/start-app.js';

const { jest } = import.meta;

/** An application that is served in some way. */
interface Served {
  /** What a test client can be connected to. */
  readonly target: Parameters<typeof createTestClient>[0];
  readonly url: string;
  readonly server: Server;
}

/** A client that has come in by some door. */
interface Visitor {
  /** Resolves once the answer has come. */
  ask(event: string): Promise<unknown>;
  /** Sends an event without asking for an ack. */
  tell(event: string): void;
  /** Asks for a namespace that is not there; resolves once that was refused. */
  join(namespace: string): Promise<void>;
}

type Door = (served: Served, home: string) => Promise<Visitor>;

const DOORS: Readonly<Record<string, Door>> = {
  polling: async ({ url }, home) => visitorOf(await connectClient(`${url}${home}`, { transports: ['polling'] })),
  WebSocket: async ({ url }, home) => visitorOf(await connectClient(`${url}${home}`)),

  upgrade: async ({ url }, home) => {
    const client = await connectClient(`${url}${home}`, { transports: ['polling', 'websocket'] });
    await upgraded(client);
    return visitorOf(client);
  },

  recovery: async ({ url }, home) => {
    const client = await connectClient(`${url}${home}`);
    client.io.engine.close();
    await until(() => client.io._readyState === 'closed', 'the client is cut off');
    client.connect();
    await nextEvent(client, 'connect');
    expect(client.recovered).toBe(true);
    return visitorOf(client);
  },

  'second namespace': async ({ url }, home) => {
    const { io } = await connectClient(url);
    const client = io.socket(home);
    client.connect();
    await nextEvent(client, 'connect');
    return visitorOf(client);
  },

  'EIO 3': async ({ url }, home) => {
    const client = await connectLegacyClient(`${url}${home}`);
    return {
      ask: (event) => new Promise((resolve) => client.emit(event, resolve)),
      tell: (event) => void client.emit(event),
      join: async (namespace) => void (await nextEvent(openLegacyClient(`${url}${namespace}`), 'error')),
    };
  },

  WebTransport: async ({ server }, home) => {
    const pair = new WebTransportPair();
    server.engine.onWebTransportSession(pair.session);
    const stream = pair.openStream();
    const say = async (packet: string): Promise<unknown> => {
      stream.send(packet);
      return stream.next();
    };
    await say('0');
    expect(await say(`40${home},`)).toMatch(`40${home},{`);
    return {
      ask: (event) => say(`42${home},1["${event}"]`),
      tell: (event) => stream.send(`42${home},["${event}"]`),
      join: async (namespace) => expect(await say(`40${namespace},`)).toMatch(`44${namespace},{`),
    };
  },

  'testing client': async ({ target }, home) => {
    cleanup(() => closeTestClients());
    const client = await createTestClient(target, { namespace: home });
    return { ...visitorOf(client), join: async (namespace) => void (await connectError(target, { namespace })) };
  },
};

function visitorOf(client: ReturnType<Manager['socket']>): Visitor {
  return {
    ask: (event) => client.emitWithAck(event),
    tell: (event) => void client.emit(event),
    join: async (namespace) => {
      const socket = client.io.socket(namespace);
      const refused = nextEvent(socket, 'connect_error');
      socket.connect();
      await refused;
    },
  };
}

/** What is served, and how. Its namespace is one that a client names. */
interface Way {
  /** @default '/chat' */
  readonly home?: string;
  start(): Promise<Served>;
}

const OPTIONS = {
  allowEIO3: true,
  transports: ['polling', 'websocket', 'webtransport'] as ('polling' | 'websocket')[],
  connectionStateRecovery: {},
};

@Gateway('/chat')
class ChatGateway {
  @Ack('message')
  message(): string {
    return 'answer';
  }
}

@Gateway(/^\/room-\d$/)
class RoomGateway extends ChatGateway {
  @Ack('message')
  override message(): string {
    return 'answer';
  }
}

@Gateway('/forgotten')
class ForgottenGateway {
  @Ack('other')
  other(): void {}
}

@Gateway('/chat')
class OtherGateway extends ForgottenGateway {
  @Ack('other')
  override other(): void {}
}

@Gateway(/^\/(room-|talk)/)
class OtherRoomGateway extends ForgottenGateway {
  @Ack('other')
  override other(): void {}
}

/** A gateway of Nest, and the server that it is given. */
function oldGateway(metadata: GatewayMetadata, port = 0): { providers: [new () => object]; server: () => Server } {
  let server: Server | undefined;
  @WebSocketGateway(port, { namespace: '/chat', ...OPTIONS, ...metadata })
  class OldGateway {
    afterInit(namespace: Namespace): void {
      ({ server } = namespace);
    }

    @SubscribeMessage('message')
    message(): string {
      return 'answer';
    }
  }
  return { providers: [OldGateway], server: () => server! };
}

/** As many recipes have it: Nest runs the gateways, with the application known. */
class LoggingAdapter extends SocketIoAdapter {
  override bindMessageHandlers(...args: Parameters<SocketIoAdapter['bindMessageHandlers']>): void {
    super.bindMessageHandlers(...args);
  }
}

async function withModule(providers: (new () => object)[], server?: () => Server, port?: number): Promise<Served> {
  const { app, url, websocket } = await startWith({ providers, options: port === undefined ? OPTIONS : {} });
  return served(app, url, server?.() ?? websocket.server, port);
}

async function alone(
  { providers, server }: ReturnType<typeof oldGateway>,
  adapter?: NonNullable<Parameters<typeof startGateways>[0]['adapter']>,
  port?: number,
): Promise<Served> {
  const { app, url } = await startGateways({ providers, adapter });
  return served(app, url, server(), port);
}

function served(app: Served['target'], url: string, server: Server, port: number | undefined): Served {
  if (port === undefined) return { target: app, url, server };
  return { target: server as Served['target'], url: `http://127.0.0.1:${port}`, server };
}

const WAYS: Readonly<Record<string, Way>> = {
  'the module': { start: () => withModule([ChatGateway]) },
  'the module, a dynamic namespace': { home: '/room-1', start: () => withModule([RoomGateway]) },
  'the module, a gateway of Nest': {
    start: () => {
      const { providers, server } = oldGateway({});
      return withModule(providers, server);
    },
  },
  'the module, a port of its own': {
    start: async () => {
      const port = await freePort();
      const { providers, server } = oldGateway({}, port);
      return withModule(providers, server, port);
    },
  },
  'SocketIoAdapter(app) alone': { start: () => alone(oldGateway({})) },
  'SocketIoAdapter(app) alone, a dynamic namespace': {
    home: '/room-1',
    start: () => alone(oldGateway({ namespace: /^\/room-\d$/ })),
  },
  'SocketIoAdapter(app) alone, a port of its own': {
    start: async () => {
      const port = await freePort();
      return alone(oldGateway({}, port), undefined, port);
    },
  },
  'a subclass that binds messages': { start: () => alone(oldGateway({}), (app) => new LoggingAdapter(app)) },
  // Classes of this package in its namespace stop its start.
  'SocketIoAdapter(httpServer) alone': {
    home: '/talk',
    start: () => alone(oldGateway({ namespace: '/talk' }), (app) => new SocketIoAdapter(app.getHttpServer() as object)),
  },
};

const CASES = Object.keys(WAYS).flatMap((way) => Object.keys(DOORS).map((door) => [way, door] as const));

describe('a name that is not there', () => {
  it.each(CASES)('is said once: %s, %s', async (way, door) => {
    expect([OtherGateway, OtherRoomGateway]).toHaveLength(2);
    const { home = '/chat', start } = WAYS[way];
    const visitor = await DOORS[door](await start(), home);
    const lines = watchWarnings();
    for (let i = 0; i < 2; i++) {
      for (const event of ['mesage', 'other', 'something else']) visitor.tell(event);
      await visitor.ask('message');
      for (const namespace of ['/caht', '/forgotten']) await visitor.join(namespace);
    }
    const other = home === '/chat' ? 'OtherGateway' : 'OtherRoomGateway';
    const near = home === '/chat' ? '; did you mean "/chat"?' : '.';
    expect(lines).toEqual([
      `A client emitted "mesage" in "${home}", which has no handler for it; did you mean "message"?`,
      `A client emitted "other" in "${home}", which has no handler for it: ${other}.other() would handle it, but no module provides ` +
        `${other} itself. Add it to the providers of a module.`,
      `A client emitted "something else" in "${home}", which has no handler for it.`,
      `A client asked for the namespace "/caht", which does not exist${near}`,
      'A client asked for the namespace "/forgotten", which does not exist: ForgottenGateway would handle it, but no module ' +
        'provides ForgottenGateway itself. Add it to the providers of a module.',
    ]);
  });

  it.each<[string, (namespace: string) => ClassDecorator]>([
    ['@Gateway', (namespace) => Gateway(namespace)],
    ['@WebSocketGateway', (namespace) => WebSocketGateway({ namespace })],
  ])('is said to have the @OnEvent of another package: %s', async (name, decorator) => {
    class InternalGateway {
      @OnInternalEvent('order')
      order(): void {}
    }
    decorator('/internal')(InternalGateway);
    @Gateway('/other')
    class OtherGateway {
      @OnInternalEvent('ask')
      ask(): void {}
    }
    const { url } = await startWith({ providers: [InternalGateway, OtherGateway] });
    const lines = watchWarnings();
    const client = await connectClient(`${url}/internal`);
    for (const event of ['order', 'ask']) client.emit(event);
    await until(() => lines.length === 2, `both are said of ${name}`);
    expect(lines).toEqual([
      'A client emitted "order" in "/internal", which has no handler for it: InternalGateway.order() has the @OnEvent of ' +
        '@nestjs/event-emitter, which no client can call. Import it from nestjs-socketio, or use @OnMessage.',
      'A client emitted "ask" in "/internal", which has no handler for it.',
    ]);
  });

  it('is said to be closed, if it is "/" with rootNamespace: false', async () => {
    const { url } = await startWith({ providers: [ChatGateway], options: { rootNamespace: false } });
    const lines = watchWarnings();
    for (const namespace of ['/', '/', '/a', '/chta']) {
      const client = createClient(`${url}${namespace}`);
      client.connect();
      await nextEvent(client, 'connect_error');
    }
    expect(lines).toEqual([
      'A client asked for the namespace "/", which rootNamespace: false closes. Connect it to another namespace.',
      'A client asked for the namespace "/a", which does not exist.',
      'A client asked for the namespace "/chta", which does not exist; did you mean "/chat"?',
    ]);
  });

  it('is said once for all namespaces of a pattern', async () => {
    const { url } = await withModule([RoomGateway]);
    const lines = watchWarnings();
    for (const room of ['/room-1', '/room-2']) await (await connectClient(`${url}${room}`)).emitWithAck('mesage');
    expect(lines).toEqual([
      'A client emitted "mesage" in "/room-1", which has no handler for it; did you mean "message"?',
    ]);
  });
});

describe('an event of fire() that no handler has', () => {
  const WARNING = 'fire() was called with "mesage" in "/chat", which has no handler for it; did you mean "message"?';

  it('is not said to come from a client', async () => {
    const { url, websocket } = await startWith({ providers: [ChatGateway] });
    await connectClient(`${url}/chat`);
    const lines = watchWarnings();
    for (let i = 0; i < 2; i++) websocket.fire('mesage');
    expect(lines).toEqual([WARNING]);
  });

  it('is not if it has waited for @OnConnect, for a middleware and for a replaced onevent', async () => {
    const steps = new EventEmitter();
    const entered = once(steps, 'entered');
    const passed = once(steps, 'passed');

    @Gateway('/chat')
    class SlowGateway extends ChatGateway {
      @OnConnect()
      async joined(socket: Socket): Promise<void> {
        socket.use((_event, next) => void setImmediate(next));
        const { onevent } = socket;
        Object.assign(socket, { onevent: (packet: Parameters<typeof onevent>[0]) => onevent.call(socket, packet) });
        steps.emit('entered');
        await passed;
      }
    }
    const { url, websocket } = await startWith({ providers: [SlowGateway] });
    const lines = watchWarnings();
    const client = await connectClient(`${url}/chat`);
    await entered;
    websocket.fire('mesage', 'with', Buffer.from('bytes'));
    steps.emit('passed');
    expect(await client.emitWithAck('message')).toBe('answer');
    expect(lines).toEqual([WARNING]);
  });

  it('is not said of if another namespace handles it, since it is fired in all', async () => {
    const { url, websocket } = await startWith({ providers: [ChatGateway] });
    await connectClient(url);
    const lines = watchWarnings();
    websocket.fire('message');
    expect(lines).toEqual([]);
  });

  it('is not with the adapter alone', async () => {
    let server: Server | undefined;

    @WebSocketGateway({ namespace: 'chat' })
    class OldGateway {
      afterInit(namespace: Namespace): void {
        ({ server } = namespace);
      }

      @SubscribeMessage('message')
      message(): void {}
    }
    const { url } = await startGateways({ providers: [OldGateway] });
    await connectClient(`${url}/chat`);
    const lines = watchWarnings();
    for (const socket of server!.of('/chat').sockets.values()) socket.fire('mesage');
    expect(lines).toEqual([WARNING]);
  });
});

function watchWarnings(): string[] {
  const lines: string[] = [];
  const spy = jest.spyOn(Logger.prototype, 'warn').mockImplementation((text: string) => void lines.push(text));
  cleanup(() => spy.mockRestore());
  return lines;
}
