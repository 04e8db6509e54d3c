import { buildSamples } from '../../support/sample.js';
import { copyFixture, createProject, migrateProject, printed, write } from './support/project.js';

const { jest } = import.meta;

jest.setTimeout(120_000);

// The projects see the package as it was built.
beforeAll(buildSamples);

/** The findings of a kind, without their places. */
function findings(
  { report }: ReturnType<typeof migrateProject>,
  kind: 'migrated' | 'left' | 'change' | 'todo',
): string[] {
  return report.of(kind).map(({ text }) => text);
}

function textOf({ changes }: ReturnType<typeof migrateProject>, name: string): string {
  return changes.find(({ file }) => file.endsWith(name))?.after ?? '';
}

const IMPORTS = `
import { Injectable, Module, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import {
  Ack, ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway, WebSocketServer, type WsResponse,
} from '@nestjs/websockets';
import { from, type Observable } from 'rxjs';
import { Namespace, Server, Socket } from 'socket.io';
`;

function gateways(text: string): Record<string, string> {
  return { 'src/gateways.ts': IMPORTS + text };
}

describe('migrate', () => {
  it('changes what can be changed and reports the rest', () => {
    const folder = copyFixture('chat');
    expect(printed(folder, migrateProject(folder))).toMatchSnapshot();
  });

  it('changes nothing in a second run', () => {
    const folder = copyFixture('chat');
    write(migrateProject(folder));
    const second = migrateProject(folder);
    expect(second.changes).toEqual([]);
    expect(findings(second, 'migrated')).toEqual([]);
    expect(findings(second, 'left')).toHaveLength(1);
  });

  it('leaves a class as it is where something of it would change its meaning, and says where and why', () => {
    const migration = migrateProject(
      createProject(
        gateways(`
declare const loaded: any;
const MESSAGES = { ask: 'ask' } as const;

@WebSocketGateway()
export class UnclearResult {
  @SubscribeMessage('unclear') unclear() { return loaded; }
}

@WebSocketGateway()
export class StreamResult {
  @SubscribeMessage('stream') stream(): Observable<number> { return from([1, 2]); }
}

@WebSocketGateway()
export class EventResult {
  @SubscribeMessage('event') event(): WsResponse<number> { const answer = { event: 'a', data: 1 }; return answer; }
}

@WebSocketGateway()
export class TwoAnswers {
  @SubscribeMessage('two') two(@Ack() ack: () => void): number { ack(); return 1; }
}

@WebSocketGateway()
export class ReservedEvent {
  @SubscribeMessage('disconnect') gone(): void {}
}

@WebSocketGateway()
export class Star {
  @SubscribeMessage('*') star(): void {}
}

@WebSocketGateway()
export class ArrowHook {
  handleConnection = (client: Socket) => { client.disconnect(); };
}

@WebSocketGateway()
export class Refusing {
  handleConnection(client: Socket) { if (client.handshake.auth.token === undefined) return false; return true; }
}

@WebSocketGateway({ namespace: /^\\/dynamic$/ })
export class Dynamic {
  @WebSocketServer() server: Server;
}

@WebSocketGateway({ namespace: 'first' })
export class FirstOfTwo {
  @SubscribeMessage(MESSAGES.ask) ask(): number { return 1; }
}

@WebSocketGateway({ namespace: '/first' })
export class SecondOfTwo {
  @SubscribeMessage('ask') ask(): number { return 2; }
}

@WebSocketGateway(3001)
export class OwnPort {}

export abstract class Base {
  handleConnection(client: Socket) { client.disconnect(); }
}

@WebSocketGateway({ namespace: 'derived' })
export class Derived extends Base {}
`),
      ),
    );
    expect(findings(migration, 'left').toSorted()).toMatchSnapshot();
    expect(textOf(migration, 'gateways.ts')).not.toContain('@Gateway(');
  });

  it('makes a check of what refuses a client in handleConnection', () => {
    const migration = migrateProject(
      createProject(
        gateways(`
@Injectable()
export class Tokens {
  verify(client: Socket): string {
    if (typeof client.handshake.auth.token !== 'string') throw new Error('No token');
    return client.handshake.auth.token;
  }
  private readonly users = new Map<string, string>();
  remember(client: Socket) { this.users.set(client.id, 'user'); }
}

@WebSocketGateway({ namespace: 'throws' })
export class Throws {
  constructor(private readonly tokens: Tokens) {}
  handleConnection(client: Socket) { client.data.user = this.tokens.verify(client); }
}

@WebSocketGateway({ namespace: 'joins' })
export class Joins {
  async handleConnection(client: Socket) {
    const { token } = client.handshake.auth;
    if (!token) return client.disconnect(true);
    await client.join(token);
  }
}

@WebSocketGateway({ namespace: 'remembers' })
export class Remembers {
  constructor(private readonly tokens: Tokens) {}
  handleConnection(client: Socket) {
    const user = this.tokens.verify(client);
    this.tokens.remember(client);
    client.emit('user', user);
  }
}

@WebSocketGateway({ namespace: 'splits' })
export class Splits {
  readonly users = new Set<string>();
  handleConnection(client: Socket) {
    if (!client.handshake.auth.token) {
      client.disconnect();
      return;
    }
    this.users.add(client.id);
  }
}

@WebSocketGateway({ namespace: 'skips' })
export class Skips {
  readonly users = new Set<string>();
  handleConnection(client: Socket) {
    if (client.handshake.query.robot) return;
    if (!client.handshake.auth.token) throw new Error('No token');
    this.users.add(client.id);
  }
}

@WebSocketGateway({ namespace: 'open' })
export class Open {
  handleConnection(client: Socket) { client.emit('welcome'); }
}
`),
      ),
    );
    expect(findings(migration, 'left')).toEqual([]);
    const text = textOf(migration, 'gateways.ts');
    const classes = [...text.matchAll(/class (\w+) \{([^]*?)\n\}\n/g)].map(([, name, body]) => [name, body] as const);
    const hooks = classes.map(([name, body]) => [name, [...body.matchAll(/@(On\w+)\(\)/g)].map(([, hook]) => hook)]);
    expect(Object.fromEntries(hooks.slice(1))).toEqual({
      Throws: ['OnHandshake'],
      Joins: ['OnHandshake'],
      Remembers: ['OnConnect'],
      Splits: ['OnHandshake', 'OnConnect'],
      Skips: ['OnConnect'],
      Open: ['OnConnect'],
    });
    expect(findings(migration, 'todo').filter((text) => text.includes('@OnHandshake'))).toHaveLength(2);
  });

  it('keeps names that a file has for something else', () => {
    const migration = migrateProject(
      createProject(
        gateways(`
import { OnEvent } from '@nestjs/event-emitter';

@WebSocketGateway()
export class Orders {
  @WebSocketServer() server: Namespace;

  @OnEvent('order.created')
  created(): void { this.server.emit('order'); }

  @SubscribeMessage('seen')
  seen(@MessageBody() id: string): void {}
}
`),
      ),
    );
    const text = textOf(migration, 'gateways.ts');
    expect(text).toContain("@OnEvent('order.created')");
    expect(text).toContain("@SocketIoOnEvent('seen')");
    expect(text).toContain('OnEvent as SocketIoOnEvent');
  });

  it('gives forRoot what the gateways say, and no wider origin than one of them', () => {
    const migration = migrateProject(
      createProject({
        'src/config.ts': "export const ORIGINS = ['https://a.example'];\n",
        'src/gateways.ts': `${IMPORTS}
import { ORIGINS } from './config.js';

@WebSocketGateway(3001, { cors: true, path: '/live', maxPayloadTypo: 1 })
export class Wide {}

@WebSocketGateway(3001, { cors: { origin: ORIGINS, credentials: true }, path: '/live', namespace: 'narrow' })
export class Narrow {}
`,
      }),
    );
    const text = textOf(migration, 'app.module.ts');
    expect(text).toContain("forRoot({ port: 3001, cors: { origin: ORIGINS, credentials: true }, path: '/live' })");
    expect(text).toContain("import { ORIGINS } from './config.js'");
    expect(findings(migration, 'todo')).toContainEqual(expect.stringContaining('a server has one value'));
    expect(findings(migration, 'change')).toContainEqual(expect.stringContaining('maxPayloadTypo'));
  });

  it('keeps a subclass of IoAdapter with what it sets up', () => {
    const migration = migrateProject(
      createProject({
        ...gateways('@WebSocketGateway()\nexport class Plain {}\n'),
        'src/checking.adapter.ts': `
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { ServerOptions } from 'socket.io';

export class SocketIoAdapter extends IoAdapter {
  createIOServer(port: number, options?: ServerOptions) {
    const server = super.createIOServer(port, options);
    server.use((socket, next) => next(socket.handshake.auth.token ? undefined : new Error('No token')));
    return server;
  }
}
`,
        'src/main.ts': `
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { SocketIoAdapter } from './checking.adapter.js';

const app = await NestFactory.create(AppModule);
app.useWebSocketAdapter(new SocketIoAdapter(app));
await app.listen(3000);
`,
      }),
    );
    expect(textOf(migration, 'checking.adapter.ts')).toContain(
      'export class SocketIoAdapter extends BaseSocketIoAdapter {',
    );
    expect(textOf(migration, 'main.ts')).toBe('');
    expect(textOf(migration, 'gateways.ts')).toContain('@Gateway()');
    expect(findings(migration, 'todo')).toEqual([expect.stringContaining('npm install')]);
  });

  it('migrates no class where an adapter is asked for each message, and uses SocketIoAdapter instead', () => {
    const migration = migrateProject(
      createProject({
        ...gateways('@WebSocketGateway()\nexport class Plain {}\n'),
        'src/checking.adapter.ts': `
import { IoAdapter } from '@nestjs/platform-socket.io';

export class CheckingAdapter extends IoAdapter {
  override bindClientConnect(server: any, callback: Function) {
    super.bindClientConnect(server, callback);
  }
}
`,
      }),
    );
    expect(textOf(migration, 'checking.adapter.ts')).toContain('extends SocketIoAdapter');
    expect(textOf(migration, 'app.module.ts')).toBe('');
    expect(textOf(migration, 'gateways.ts')).not.toContain('@Gateway(');
    expect(findings(migration, 'todo')).toContainEqual(
      expect.stringContaining('CheckingAdapter.bindClientConnect() runs for each client'),
    );
  });

  it('keeps what tells or counts clients behind the CONNECT reply, however it is called', () => {
    const migration = migrateProject(
      createProject(
        gateways(`
const online = new Set<string>();
function register(client: Socket) { online.add(client.id); }

@Injectable()
export class Events {
  emit(_name: string): void {}
}

@WebSocketGateway({ namespace: 'alias' })
export class Alias {
  count = 0;
  handleConnection(client: Socket) {
    const self = this;
    return new Promise<void>((resolve, reject) => {
      self.admit(client).then(resolve).catch(reject).finally(() => undefined);
    });
  }
  private async admit(client: Socket) {
    if (!client.handshake.auth.token) return void client.disconnect();
    this.count++;
  }
}

@WebSocketGateway({ namespace: 'function' })
export class PlainFunction {
  handleConnection(client: Socket) {
    const { token } = client.handshake.auth;
    if (token) register(client);
    else client.disconnect();
  }
}

@WebSocketGateway({ namespace: 'tells' })
export class Tells {
  constructor(private readonly events: Events) {}
  handleConnection(client: Socket) {
    try {
      if (!client.handshake.auth.token) throw new Error('No token');
      this.events.emit('connected');
    } catch {
      client.disconnect();
    }
  }
}
`),
      ),
    );
    const text = textOf(migration, 'gateways.ts');
    expect(text.match(/@OnConnect\(\)/g)).toHaveLength(3);
    expect(text).not.toContain('@OnHandshake()');
    expect(findings(migration, 'todo').filter((each) => each.includes('refuses clients here'))).toHaveLength(3);
  });

  it('tells of guards and pipes on handleConnection, which Nest never asked', () => {
    const migration = migrateProject(
      createProject(
        gateways(`
import { ParseIntPipe, UsePipes } from '@nestjs/common';

export class TokenGuard implements CanActivate {
  canActivate(_context: ExecutionContext) { return true; }
}

@WebSocketGateway()
export class Guarded {
  @UseGuards(TokenGuard)
  @UsePipes(ParseIntPipe)
  handleConnection(client: Socket) { client.emit('welcome'); }
}
`),
      ),
    );
    expect(findings(migration, 'todo')).toContainEqual(
      expect.stringContaining('@UseGuards(TokenGuard) on handleConnection() now decides about connections'),
    );
    expect(findings(migration, 'change')).toContainEqual(
      expect.stringContaining('@UsePipes(ParseIntPipe) on handleConnection() now runs'),
    );
  });

  it('leaves a class whose methods are bound to events by decorators of the project, under any name', () => {
    const migration = migrateProject(
      createProject({
        'src/decorators.ts': `
import { applyDecorators } from '@nestjs/common';
import { SubscribeMessage as Bind } from '@nestjs/websockets';

const bound = (event: string) => Bind(event);
export const Handle = (event: string) => applyDecorators(bound(event));
`,
        'src/gateways.ts': `${IMPORTS}
import { Handle } from './decorators.js';

@WebSocketGateway()
export class Composed {
  handleConnection(client: Socket) { client.emit('welcome'); }
  @Handle('ask') ask(): number { return 1; }
}
`,
      }),
    );
    expect(findings(migration, 'left')).toContainEqual(
      expect.stringContaining('Composed: the decorator @Handle of the project contains @SubscribeMessage'),
    );
    expect(textOf(migration, 'gateways.ts')).not.toContain('@Gateway(');
  });

  it('finds a root module that is imported when the application starts', () => {
    const migration = migrateProject(
      createProject({
        ...gateways('@WebSocketGateway()\nexport class Plain {}\n'),
        'src/main.ts': `
import { NestFactory } from '@nestjs/core';

const { AppModule } = await import('./app.module.js');
const app = await NestFactory.create(AppModule);
await app.listen(3000);
`,
      }),
    );
    expect(textOf(migration, 'app.module.ts')).toContain('SocketIoModule.forRoot()');
    expect(textOf(migration, 'gateways.ts')).toContain('@Gateway()');
  });

  it('finds the check of an adapter that extends IoAdapter through another class', () => {
    const folder = createProject({
      ...gateways('@WebSocketGateway()\nexport class Plain {}\n'),
      'src/adapters.ts': `
import { IoAdapter } from '@nestjs/platform-socket.io';

export class BaseAdapter extends IoAdapter {}

export class CheckingAdapter extends BaseAdapter {
  override bindClientConnect(server: any, callback: Function) {
    super.bindClientConnect(server, callback);
  }
}
`,
    });
    const migration = migrateProject(folder);
    expect(textOf(migration, 'gateways.ts')).not.toContain('@Gateway(');
    expect(findings(migration, 'todo')).toContainEqual(
      expect.stringContaining('CheckingAdapter.bindClientConnect() runs for each client'),
    );
    // Neither class has createIOServer().
    expect(findings(migration, 'migrated').filter((each) => each.includes('createIOServer'))).toEqual([]);
    expect(textOf(migration, 'adapters.ts')).toContain('CheckingAdapter extends BaseAdapter');
    // The check holds in a second run, too, where both extend the adapter of this package.
    write(migration);
    const second = migrateProject(folder);
    expect(second.changes).toEqual([]);
    expect(findings(second, 'migrated')).toEqual([]);
    expect(findings(second, 'todo')).toEqual(findings(migration, 'todo').slice(0, 1));
  });

  it('lets the server go to instrument() of the admin UI, whose types are those of the official class', () => {
    const migration = migrateProject(
      createProject(
        gateways(`
import { instrument } from '@socket.io/admin-ui';

@WebSocketGateway()
export class Watched {
  @WebSocketServer() server: Server;
  afterInit() { instrument(this.server, { auth: false }); }
}
`),
      ),
    );
    expect(findings(migration, 'left')).toEqual([]);
    expect(textOf(migration, 'gateways.ts')).toContain('instrument(this.server as never, { auth: false })');
  });

  it('leaves the types of socket.io in a file that does not compile with those of this package', () => {
    const migration = migrateProject(
      createProject({
        ...gateways('@WebSocketGateway()\nexport class Plain {}\n'),
        'src/internals.ts': `
import type { Server } from 'socket.io';

export function parserOf(server: Server) { return server._parser; }
`,
      }),
    );
    expect(textOf(migration, 'internals.ts')).toBe('');
    expect(textOf(migration, 'gateways.ts')).toContain('@Gateway()');
    expect(findings(migration, 'left')).toEqual([
      "the types of socket.io: those of nestjs-socketio would not compile: Property '_parser' does not exist on type 'Server<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, any>'.",
    ]);
    expect(findings(migration, 'todo').filter((each) => each.includes('compile'))).toEqual([]);
  });

  it('leaves what would not compile', () => {
    const migration = migrateProject(
      createProject(
        gateways(`
@WebSocketGateway()
export class Replaced {
  @WebSocketServer() server: Server;
  replace(server: Server) { this.server = server; }
}
`),
      ),
    );
    expect(findings(migration, 'left')).toEqual([expect.stringContaining('Replaced: its migration would not compile')]);
    expect(textOf(migration, 'gateways.ts')).toContain('@WebSocketGateway()');
  });

  it.each([
    ['no typescript configuration', { 'src/gateways.ts': '' }, 'nowhere.json', 'does not exist. Name another file'],
    [
      'a project on ws',
      { 'src/gateways.ts': "import { WsAdapter } from '@nestjs/platform-ws'; void WsAdapter;" },
      undefined,
      'platform-ws',
    ],
  ])('stops for %s', (_name, files, tsconfig, message) => {
    const folder = createProject(files);
    expect(() => migrateProject(folder, tsconfig)).toThrow(message);
  });
});
