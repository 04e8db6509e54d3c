/** Holds the shape of src: which layer may import what, and that nothing goes around in circles or lies unused. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** Path below src, with forward slashes, to text. */
type Sources = ReadonlyMap<string, string>;

interface Import {
  readonly from: string;
  readonly specifier: string;
  /** The file of src that is meant, or null for a package or a file elsewhere. */
  readonly target: string | null;
  /** Gone once compiled. */
  readonly isType: boolean;
}

const ENTRIES = [
  'index.ts',
  'server.ts',
  'testing/index.ts',
  'contract/index.ts',
  'client/index.ts',
  'asyncapi/index.ts',
  'cli/main.ts',
  'ledger/index.ts',
  'diagnostics/index.ts',
  'otel/index.ts',
  'prometheus/index.ts',
  'terminus/index.ts',
];

/** Knows no protocol; every layer may import its files directly. */
const GROUND = 'common';

/** The doors each entry and each layer may go through, beside a layer's own files. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  'index.ts': ['nest/index.ts', 'socketio/index.ts', 'contract/runtime.ts'],
  'server.ts': ['socketio/index.ts'],
  testing: ['nest/index.ts', 'socketio/index.ts', 'client/index.ts', 'contract/index.ts', 'contract/runtime.ts'],
  nest: ['socketio/index.ts', 'contract/index.ts', 'contract/runtime.ts', 'asyncapi/index.ts'],
  asyncapi: ['contract/index.ts', 'contract/runtime.ts'],
  client: ['contract/index.ts'],
  ledger: ['socketio/index.ts'],
  diagnostics: ['socketio/index.ts'],
  otel: ['diagnostics/index.ts', 'diagnostics/catalogue.ts', 'diagnostics/subscriptions.ts', 'socketio/index.ts'],
  prometheus: ['diagnostics/index.ts', 'diagnostics/catalogue.ts', 'diagnostics/subscriptions.ts', 'socketio/index.ts'],
  terminus: ['nest/index.ts'],
  socketio: ['engine/index.ts', 'contract/index.ts', 'contract/runtime.ts'],
  engine: [],
  contract: [],
  cli: ['nest/index.ts', 'asyncapi/index.ts', 'contract/index.ts', 'contract/runtime.ts'],
  common: [],
};

/**
 * The classes of Socket.IO's API, whose public types name each other: a socket its namespace, a namespace its sockets and
 * its server, a server's options the sockets that its hooks are given. Between these files alone a type may be imported in a circle; a value never.
 */
const ONE_API: ReadonlySet<string> = new Set([
  'socketio/any-types.ts',
  'socketio/connect-sequence.ts',
  'socketio/connection.ts',
  'socketio/namespace-registry.ts',
  'socketio/namespace.ts',
  'socketio/parent-namespace.ts',
  'socketio/socket.ts',
  'socketio/server-options.ts',
  'socketio/server.ts',
]);

/** The only file that imports what it is told to: files of the project that a command is run in. */
const LOADS_PROJECTS = 'cli/asyncapi/import-file.ts';

/** Packages with one home. */
const HOMES = [
  { packages: /^ws($|\/)/, home: /^engine\/transport\/websocket\// },
  { packages: /^(cors|proxy-addr)$/, home: /^engine\/http\// },
  { packages: /^cookie$/, home: /^engine\/[^/]+$/ },
  { packages: /^@nestjs\/(?!terminus$)/, home: /^(nest|terminus)\// },
  { packages: /^@nestjs\/terminus$/, home: /^terminus\// },
  { packages: /^@opentelemetry\//, home: /^otel\// },
  { packages: /^prom-client$/, home: /^prometheus\// },
  { packages: /^typescript$/, home: /^cli\// },
];

/** Code that only some files may have: what is private in other packages, and calls that have one guarded way. */
const PLACES = [
  {
    code: /\b(?:_handle|_parent|writeQueueSize)\b/,
    what: "Node's private handles",
    files: /^engine\/(?:transport\/kernel-progress|http\/pending-answer)\.ts$/,
  },
  {
    code: /\b(?:raw)?[lL]isteners\('data'\)|\bsocket\.write = /,
    what: 'private parts of ws',
    files: /^engine\/transport\/websocket\/ws-internals\.ts$/,
  },
  {
    code: /\.(?:enableCors|setIoAdapter|load) = /,
    what: 'private parts of Nest',
    files: /^nest\/platform\/nest-internals\.ts$/,
  },
  { code: /\.emit = /, what: 'the emit of an HTTP server', files: /^engine\/http\/http-attachment\.ts$/ },
  {
    code: /\badapter\.(?:init|close|serverCount|addAll|del|delAll|broadcast\w*|sockets|socketRooms|fetchSockets|addSockets|delSockets|disconnectSockets|serverSideEmit|persistSession|restoreSession)\(/,
    what: 'calls of an adapter',
    files: /^socketio\/adapter\/(?:adapter-port|close-adapter)\.ts$/,
  },
  {
    code: /\b(?:this|session|engine|conn)\.emit\(/,
    what: 'events that users can listen to (callListeners)',
    files: /^(?!engine\/)/,
  },
  { code: /\bopts\.\w+ = /, what: 'writes to the options of a server', files: /^$/ },
];

const RULES = { direction, homes, tops, folders, cycles, suppressions, reachability, places };

describe('src', () => {
  const sources = readSources(path.join(import.meta.dirname, '../../src'));

  it('is more than a handful of files, so that the rules below hold something', () => {
    expect(sources.size).toBeGreaterThan(40);
    expect(readImports(sources).length).toBeGreaterThan(sources.size);
  });

  it.each(Object.entries(RULES))('keeps the rule: %s', (_name, rule) => {
    expect(rule(sources)).toEqual([]);
  });
});

describe('programs of test', () => {
  const root = path.resolve(import.meta.dirname, '../..');
  const named = programs(root, 'test').flatMap(([file, text]) =>
    [
      ...text.matchAll(
        /(?:dist|\.cache)\/(esm|cjs|modules)\/([\w./-]+)\.js|new URL\('(\.\.\/cjs\/)?([\w./-]+)\.js', root\)/g,
      ),
    ].map(([, format, module, cjs, other]) => ({
      file,
      format: format ?? (cjs ? 'cjs' : 'esm'),
      module: `${module ?? other}.ts`,
    })),
  );

  // No test runs a benchmark, so that one would be missed only when somebody needs it.
  it('name modules that are built: behind the entries of dist there are the folders of CommonJS alone', () => {
    const sources = readSources(path.join(root, 'src'));
    expect(named.length).toBeGreaterThan(20);
    const isBuilt = {
      esm: (module: string) => ENTRIES.includes(module),
      cjs: (module: string) => /^\w+\/index\.ts$/.test(module) && sources.has(module),
      modules: (module: string) => sources.has(module),
    };
    expect(named.filter(({ format, module }) => !isBuilt[format as keyof typeof isBuilt](module))).toEqual([]);
  });
});

describe('readImports', () => {
  it('sees every way to name a module', () => {
    const text = `
      import a, { b } from './a.js';
      import type { C } from '../c.js';
      import './d.js';
      import e = require('./e.js');
      export * from './f.js';
      export { g as 'module.exports' } from './g.js';
      type H = import('./h.js').H;
      const i = await import('./i.js');
      const j = require(\`./j.js\`);
      const k = await import(j);
      // import './not.js'
      const not = "import './not.js'";`;
    expect(readImports(new Map([['x/y.ts', text]])).map((each) => each.specifier)).toEqual([
      './a.js',
      '../c.js',
      './d.js',
      './e.js',
      './f.js',
      './g.js',
      './h.js',
      './i.js',
      './j.js',
      '(computed) j',
    ]);
  });

  it('resolves a relative import to the file of src', () => {
    const sources = new Map([
      ['a/b/c.ts', `import '../d.js'; import 'ws'; import './gone.js'`],
      ['a/d.ts', ''],
    ]);
    expect(readImports(sources).map((each) => each.target)).toEqual(['a/d.ts', null, null]);
  });
});

describe('direction', () => {
  const layers = {
    'index.ts': `export * from './nest/index.js'; export * from './socketio/index.js'`,
    'server.ts': `export * from './socketio/index.js'`,
    'nest/index.ts': `export * from './module.js'`,
    'nest/module.ts': `import { Server } from '../socketio/index.js'`,
    'socketio/index.ts': `export * from './server.js'`,
    'socketio/server.ts': `import { Engine } from '../engine/index.js'`,
    'socketio/codec/packet.ts': `import type { Engine } from '../../engine/index.js'`,
    'engine/index.ts': `export * from './engine.js'`,
    'engine/engine.ts': `import './codec/index.js'; import 'node:http'`,
    'engine/codec/index.ts': '',
  };

  it('lets each layer reach the one below through its door', () => {
    expect(direction(fixture(layers))).toEqual([]);
  });

  it.each([
    ['engine/engine.ts', '../socketio/index.js'],
    ['engine/engine.ts', '../nest/index.js'],
    ['engine/engine.ts', '../index.js'],
    ['engine/engine.ts', './index.js'],
    ['engine/codec/index.ts', '../index.js'],
    ['socketio/server.ts', '../engine/engine.js'],
    ['socketio/server.ts', '../nest/index.js'],
    ['socketio/server.ts', './index.js'],
    ['socketio/codec/packet.ts', '../../engine/engine.js'],
    ['socketio/codec/packet.ts', '../../server.js'],
    ['nest/module.ts', '../engine/index.js'],
    ['nest/module.ts', '../socketio/server.js'],
    ['nest/module.ts', './index.js'],
    ['nest/module.ts', '../index.js'],
    ['server.ts', './nest/index.js'],
    ['server.ts', './engine/index.js'],
    ['server.ts', './index.js'],
    ['index.ts', './engine/index.js'],
    ['index.ts', './nest/module.js'],
    ['index.ts', './server.js'],
    ['index.ts', 'ws'],
    ['extra.ts', './socketio/index.js'],
  ])('refuses that %s imports %s', (file, specifier) => {
    for (const statement of [`import '${specifier}';`, `import type { T } from '${specifier}';`]) {
      expect(direction(fixture({ ...layers, [file]: statement }))).toEqual([`${file} must not import '${specifier}'`]);
    }
  });
});

describe('homes', () => {
  it('lets ws into the transports and Nest into nest', () => {
    const sources = {
      'engine/transport/websocket/acceptor.ts': `import { WebSocketServer } from 'ws'`,
      'nest/dispatch/binder.ts': `import '@nestjs/core'`,
      'socketio/server.ts': `import 'wsx'`,
    };
    expect(homes(fixture(sources))).toEqual([]);
  });

  it.each([
    ['engine/session.ts', 'ws'],
    ['engine/transport/transport.ts', 'ws'],
    ['socketio/server.ts', 'cors'],
    ['engine/transport.ts', 'ws/lib/receiver.js'],
    ['socketio/server.ts', '@nestjs/common'],
    ['index.ts', '@nestjs/core'],
  ])('refuses that %s imports %s', (file, specifier) => {
    expect(homes(fixture({ [file]: `import type { T } from '${specifier}'` }))).toEqual([
      `${file} must not import '${specifier}'`,
    ]);
  });

  it('refuses an import it cannot read', () => {
    expect(homes(fixture({ 'nest/a.ts': 'import(name)' }))).toEqual([`nest/a.ts must not import '(computed) name'`]);
  });
});

describe('tops', () => {
  it('lets the files at the top of a layer import its folders, and folders each other', () => {
    const sources = {
      'engine/server.ts': `import './http/a.js'`,
      'engine/http/a.ts': `import '../codec/b.js'`,
      'engine/codec/b.ts': '',
    };
    expect(tops(fixture(sources))).toEqual([]);
  });

  it('refuses that a file of a folder imports one of the top, types included', () => {
    const sources = { 'engine/server.ts': '', 'engine/http/a.ts': `import type { S } from '../server.js'` };
    expect(tops(fixture(sources))).toEqual([`engine/http/a.ts must not import '../server.js'`]);
  });
});

describe('folders', () => {
  it('lets folders import each other in one order', () => {
    const sources = { 'e/a/x.ts': `import '../b/y.js'`, 'e/b/y.ts': `import '../../common/z.js'`, 'common/z.ts': '' };
    expect(folders(fixture(sources))).toEqual([]);
  });

  it('names the folders of a circle, types included', () => {
    const sources = {
      'e/a/x.ts': `import '../b/y.js'`,
      'e/b/y.ts': '',
      'e/b/z.ts': `import type { W } from '../a/w.js'`,
      'e/a/w.ts': '',
    };
    expect(folders(fixture(sources))).toEqual(['e/a -> e/b -> e/a']);
  });
});

describe('cycles', () => {
  it('lets two files share a third', () => {
    expect(
      cycles(fixture({ 'a.ts': `import './b.js'; import './c.js'`, 'b.ts': `import './c.js'`, 'c.ts': '' })),
    ).toEqual([]);
  });

  it('names the files of a cycle once, types included', () => {
    const sources = {
      'a.ts': `import './b.js'`,
      'b.ts': `import './c.js'`,
      'c.ts': `import type { B } from './b.js'`,
      'd.ts': `type D = import('./d.js').D`,
    };
    expect(cycles(fixture(sources))).toEqual(['b.ts -> c.ts -> b.ts', 'd.ts -> d.ts']);
  });

  it('lets the classes of one API name each other in types, not in values', () => {
    const socket = 'socketio/socket.ts';
    const namespace = 'socketio/namespace.ts';
    const types = {
      [socket]: `import type { N } from './namespace.js'`,
      [namespace]: `import { S } from './socket.js'`,
    };
    expect(cycles(fixture(types))).toEqual([]);
    expect(cycles(fixture({ ...types, [socket]: `import './namespace.js'` }))).toHaveLength(1);
  });
});

describe('suppressions', () => {
  it('lets a suppression pass that says why', () => {
    const text = `
      // @ts-expect-error the typings lack this overload
      // oxlint-disable-next-line no-new -- constructed for its side effect
      /* eslint-disable no-console -- a script */`;
    expect(suppressions(fixture({ 'a.ts': text }))).toEqual([]);
  });

  it.each([
    '// @ts-ignore',
    '// @ts-expect-error:',
    '/* @ts-expect-error */',
    '// @ts-nocheck',
    '// eslint-disable-next-line no-new',
    '/* oxlint-disable no-new -- */',
    '// oxlint-disable-line',
  ])('refuses %s', (comment) => {
    expect(suppressions(fixture({ 'a.ts': `\n${comment}\nnext();` }))).toEqual([`a.ts:2 gives no reason: ${comment}`]);
  });
});

describe('places', () => {
  it('lets code into its own file, and comments anywhere', () => {
    const sources = {
      'engine/transport/kernel-progress.ts': 'const handle = socket._handle;',
      'engine/http/a.ts': '/** Not `_handle`. */\nrun(); // nor _parent',
      'socketio/adapter/adapter-port.ts': 'this.adapter.addAll(id, rooms);',
    };
    expect(places(fixture(sources))).toEqual([]);
  });

  it.each([
    ['engine/session/session.ts', "this.emit('close');"],
    ['engine/session/session.ts', 'socket._handle;'],
    ['socketio/namespace.ts', 'this.adapter.addAll(id, rooms);'],
    ['socketio/server.ts', 'this.opts.path = path;'],
    ['nest/a.ts', 'config.setIoAdapter = own;'],
  ])('refuses that %s has %s', (file, code) => {
    expect(places(fixture({ [file]: code }))).toHaveLength(1);
  });
});

describe('reachability', () => {
  it('names the files that no entry leads to', () => {
    const sources = {
      'index.ts': `export * from './a.js'`,
      'server.ts': `export type { B } from './b.js'`,
      'a.ts': '',
      'b.ts': '',
      'c.ts': `import './d.js'`,
      'd.ts': '',
    };
    expect(reachability(fixture(sources))).toEqual([
      'c.ts is not reached from an entry',
      'd.ts is not reached from an entry',
    ]);
  });
});

/** A layer uses its own files, but not its own door; other layers, only by the doors it is given. */
function direction(sources: Sources): string[] {
  return readImports(sources).filter(isAgainstDirection).map(refusal);
}

function isAgainstDirection({ from, target }: Import): boolean {
  const layer = layerOf(from);
  const doors = Object.hasOwn(DOORS, layer) ? DOORS[layer] : [];
  if (target !== null && doors.includes(target)) return false;
  if (layer === from) return true;
  if (target !== null && layerOf(target) === GROUND) return false;
  return target !== null && (layerOf(target) !== layer || target === `${layer}/index.ts`);
}

function homes(sources: Sources): string[] {
  return readImports(sources)
    .filter(
      ({ from, specifier }) =>
        (specifier.startsWith('(computed)') && from !== LOADS_PROJECTS) ||
        HOMES.some(({ packages, home }) => packages.test(specifier) && !home.test(from)),
    )
    .map(refusal);
}

/** The files at the top of a layer stand above its folders. */
function tops(sources: Sources): string[] {
  return readImports(sources)
    .filter(({ from, target }) => target !== null && isTop(target) && !isTop(from) && layerOf(from) === layerOf(target))
    .map(refusal);
}

/** Whether a file lies at the top of its layer. */
function isTop(file: string): boolean {
  return file.split('/').length === 2;
}

/** Folders import each other in one order, types included. The layers themselves are held by `direction`. */
function folders(sources: Sources): string[] {
  const graph = new Map<string, Set<string>>();
  for (const { from, target } of readImports(sources)) {
    if (target === null) continue;
    const [folder, other] = [path.posix.dirname(from), path.posix.dirname(target)];
    if (folder !== other) graph.set(folder, (graph.get(folder) ?? new Set()).add(other));
  }
  return circles(graph);
}

/** Type-only imports count: two files that need each other's types are one noun, or lack an interface; see `ONE_API`. */
function cycles(sources: Sources): string[] {
  const graph = importGraph(
    sources,
    ({ from, target, isType }) => !(isType && ONE_API.has(from) && ONE_API.has(target!)),
  );
  return circles(graph, sources.keys());
}

/** Each circle once, as its nodes in order. */
function circles(graph: ReadonlyMap<string, Iterable<string>>, starts: Iterable<string> = graph.keys()): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file);
    if (start >= 0) found.push([...trail.slice(start), file].join(' -> '));
    if (start >= 0 || done.has(file)) return;
    for (const target of graph.get(file) ?? []) visit(target, [...trail, file]);
    done.add(file);
  };
  for (const file of starts) visit(file, []);
  return found;
}

/** `@ts-…` wants text after it, a lint directive wants it after `--`, where the linters expect it. */
function suppressions(sources: Sources): string[] {
  const directive =
    /(?:@ts-(?:ignore|expect-error|nocheck)|(?:eslint|oxlint)-disable(?:-next-line|-line)?\b(?:(?!--).)*)(.*)/;
  return [...sources].flatMap(([file, text]) =>
    text.split('\n').flatMap((line, index) => {
      const reason = directive.exec(line)?.[1];
      return reason === undefined || /\w/.test(reason) ? [] : [`${file}:${index + 1} gives no reason: ${line.trim()}`];
    }),
  );
}

function reachability(sources: Sources): string[] {
  const graph = importGraph(sources);
  const reached = new Set(ENTRIES);
  // A set hands out what is added to it during the walk.
  for (const file of reached) for (const target of graph.get(file) ?? []) reached.add(target);
  return [...sources.keys()].filter((file) => !reached.has(file)).map((file) => `${file} is not reached from an entry`);
}

/** Comments are prose, not code. */
function places(sources: Sources): string[] {
  return [...sources].flatMap(([file, text]) =>
    text.split('\n').flatMap((line, index) => {
      const code = line.replace(/^\s*(?:\/?\*|\/\/).*|\/\/ .*$|\/\*\*.*?\*\//g, '');
      return PLACES.filter((place) => place.code.test(code) && !place.files.test(file)).map(
        ({ what }) => `${file}:${index + 1} has no place for ${what}: ${line.trim()}`,
      );
    }),
  );
}

function refusal({ from, specifier }: Import): string {
  return `${from} must not import '${specifier}'`;
}

/** The folder directly below src, or the file itself where it lies there. */
function layerOf(file: string): string {
  return file.split('/', 1)[0];
}

function importGraph(sources: Sources, counts: (each: Import) => boolean = () => true): Map<string, string[]> {
  const graph = new Map<string, string[]>();
  for (const each of readImports(sources)) {
    const { from, target } = each;
    if (target !== null && counts(each)) graph.set(from, [...(graph.get(from) ?? []), target]);
  }
  return graph;
}

function readImports(sources: Sources): Import[] {
  return [...sources].flatMap(([from, text]) =>
    specifiersOf(ts.createSourceFile(from, text, ts.ScriptTarget.Latest)).map(({ specifier, isType }) => {
      const file = path.posix.join(path.posix.dirname(from), specifier).replace(/\.js$/, '.ts');
      return { from, specifier, isType, target: specifier.startsWith('.') && sources.has(file) ? file : null };
    }),
  );
}

/** Imports and exports, `import x = require()`, `import()` as type and as call, `require()`. */
function specifiersOf(source: ts.SourceFile): Pick<Import, 'specifier' | 'isType'>[] {
  const found: Pick<Import, 'specifier' | 'isType'>[] = [];
  const add = (node: ts.Node | undefined, isType = false): void => {
    if (!node) return;
    found.push({ isType, specifier: ts.isStringLiteralLike(node) ? node.text : `(computed) ${node.getText(source)}` });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.isTypeOnly);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isExternalModuleReference(node)) add(node.expression);
    else if (ts.isImportTypeNode(node))
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument, true);
    else if (ts.isCallExpression(node) && isLoader(node.expression)) add(node.arguments[0]);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isLoader(callee: ts.Expression): boolean {
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require');
}

function readSources(root: string): Sources {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  return new Map(files.map((file) => [file.replaceAll(path.sep, '/'), readFileSync(path.join(root, file), 'utf8')]));
}

/** Programs that run on what was built, without those of the package's users. */
function programs(root: string, folder: string): [string, string][] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.mjs') && !file.startsWith('package'))
    .map((file) => [file, readFileSync(path.join(root, folder, file), 'utf8')]);
}

function fixture(files: Readonly<Record<string, string>>): Sources {
  return new Map(Object.entries(files));
}
