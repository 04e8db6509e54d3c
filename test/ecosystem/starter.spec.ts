/**
 * Code of applications compiles with the settings of the Nest CLI's starter, which also writes declarations: what the
 * compiler infers must have a name that the package exports. Needs a build.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type * as TypeScript from 'typescript';
import { ROOT } from '../house/manual.js';
import { buildPackage } from '../support/sample.js';

const require = createRequire(import.meta.url);

/** As `nest new` writes it, of Nest 12; that of Nest 11 differs in nothing that matters here. */
const STARTER = {
  module: 'nodenext',
  moduleResolution: 'nodenext',
  resolvePackageJsonExports: true,
  esModuleInterop: true,
  isolatedModules: true,
  declaration: true,
  emitDecoratorMetadata: true,
  experimentalDecorators: true,
  allowSyntheticDefaultImports: true,
  target: 'ES2023',
  skipLibCheck: true,
  strictNullChecks: true,
  forceConsistentCasingInFileNames: true,
  noImplicitAny: false,
  strictBindCallApply: false,
  types: ['node'],
};

const COMPILERS = ['typescript', 'typescript-5.9'].map((name) => [name, require(name) as typeof TypeScript] as const);

/** Published adapters are given to every place without a cast, and kept in fields. */
const ADAPTERS = `
import { createAdapter, createShardedAdapter } from '@socket.io/redis-adapter';
import { createAdapter as createStreams } from '@socket.io/redis-streams-adapter';
import { createAdapter as createPostgres } from '@socket.io/postgres-adapter';
import { createAdapter as createCluster } from '@socket.io/cluster-adapter';
import { SocketIoAdapter, SocketIoModule, type AdapterConstructor, type ServerOptions } from 'nestjs-socketio';
import { Server } from 'nestjs-socketio/server';

export class RedisIoAdapter extends SocketIoAdapter {
  private adapterConstructor?: ReturnType<typeof createAdapter>;
  public another: AdapterConstructor = createStreams({} as never);

  connectToRedis(publisher: unknown, subscriber: unknown) {
    this.adapterConstructor = createAdapter(publisher, subscriber);
  }

  createIOServer(port: number, options?: ServerOptions) {
    const server = super.createIOServer(port, options);
    server.adapter(this.adapterConstructor!);
    return server;
  }
}

export const modules = [
  SocketIoModule.forRoot({ adapter: createAdapter(1, 2) }),
  SocketIoModule.forRoot({ adapter: createShardedAdapter(1, 2) }),
  SocketIoModule.forRoot({ adapter: createStreams({} as never) }),
  SocketIoModule.forRoot({ adapter: createPostgres({} as never) }),
  SocketIoModule.forRoot({ adapter: createCluster() }),
  SocketIoModule.forRootAsync({ useFactory: async () => ({ adapter: createAdapter(1, 2) }) }),
];
export const io = new Server({ adapter: createAdapter(1, 2) });
export const present = io.adapter();
`;

/** admin-ui and sticky take a server by the cast that docs/adapters.md shows. */
const TOOLS = `
import { instrument } from '@socket.io/admin-ui';
import { setupWorker } from '@socket.io/sticky';
import { Websocket } from 'nestjs-socketio';
import type { INestApplication } from '@nestjs/common';

export function observe(app: INestApplication) {
  const { server } = app.get(Websocket);
  instrument(server as never, { auth: false });
  setupWorker(server as never);
}
`;

/** What methods return without a word about their type has a name. */
const chains = ['to("room")', 'in("room")', 'except("room")', 'compress(false)', 'volatile', 'local', 'timeout(1)'];
const queries = ['fetchSockets()', 'to("room").fetchSockets()', 'serverSideEmitWithAck("ask")'];
const targets = [...chains, ...queries, 'partial', 'to("room").partial'];
const returned: Record<string, readonly string[]> = {
  Websocket: [...targets, 'server', 'of("/chat")', 'stats()', 'state', 'shutdown()', 'count()', 'emitTo("id", "news")'],
  Server: [...targets, 'of("/chat")', 'sockets', 'engine', 'engine.stats()', 'stats()', 'adapter()', 'opts', '_nsps'],
  Namespace: [...targets, 'sockets', 'adapter', 'server'],
  Socket: [
    ...['to("room")', 'in("room")', 'except("room")', 'broadcast', 'local', 'timeout(1)', 'volatile'],
    ...['handshake', 'nsp', 'conn', 'client', 'adapter', 'request', 'rooms', 'data', 'emitWithAck("ask")'],
  ],
};
const methods = Object.entries(returned).flatMap(([type, expressions]) =>
  expressions.map((expression, i) => `  ${type}${i}(one: ${type}) { return one.${expression}; }`),
);
const everyMember = (from: string, types: string): string =>
  `import { ${types} } from '${from}';\nexport class Every {\n${methods
    .filter((method) => types.includes(/\(one: (\w+)/.exec(method)![1]))
    .join('\n')}\n}`;

const SOURCES = {
  adapters: ADAPTERS,
  tools: TOOLS,
  module: everyMember('nestjs-socketio', 'Websocket, Server, Namespace, Socket'),
  server: everyMember('nestjs-socketio/server', 'Server, Namespace, Socket'),
};

describe('code of an application', () => {
  let project: string;

  beforeAll(async () => {
    await buildPackage();
    project = mkdtempSync(path.join(tmpdir(), 'starter-'));
    writeFileSync(path.join(project, 'package.json'), '{ "private": true }');
    const modules = path.join(project, 'node_modules');
    const present = path.join(ROOT, 'node_modules');
    mkdirSync(modules);
    for (const name of readdirSync(present)) {
      if (!name.startsWith('.')) symlinkSync(path.join(present, name), path.join(modules, name));
    }
    // A copy, since a link leads the compiler out of node_modules, where it names every file.
    const installed = path.join(modules, 'nestjs-socketio');
    const isTyping = (file: string): boolean => !/\.(js|map)$/.test(file);
    cpSync(path.join(ROOT, 'package.json'), path.join(installed, 'package.json'));
    cpSync(path.join(ROOT, 'dist'), path.join(installed, 'dist'), { recursive: true, filter: isTyping });
  }, 120_000);

  afterAll(() => rmSync(project, { recursive: true, force: true }));

  it.each(COMPILERS)(
    'compiles with %s',
    (_name, ts) => {
      const files = Object.entries(SOURCES).map(([name, code]) => {
        const file = path.join(project, `${name}.ts`);
        writeFileSync(file, code);
        return file;
      });
      const { options, errors } = ts.convertCompilerOptionsFromJson(STARTER, project);
      expect(errors).toEqual([]);
      const program = ts.createProgram(files, options);
      const complaints = files.flatMap((file) => {
        const source = program.getSourceFile(file)!;
        return [...program.getSemanticDiagnostics(source), ...program.getDeclarationDiagnostics(source)].map((each) => {
          const { line } = source.getLineAndCharacterOfPosition(each.start!);
          const text = ts.flattenDiagnosticMessageText(each.messageText, ' ');
          return `${path.basename(file)}:${line + 1} TS${each.code} ${text}`;
        });
      });
      expect(complaints).toEqual([]);
    },
    120_000,
  );
});
