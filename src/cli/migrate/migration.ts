import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type ts from 'typescript';
import { findAdapters, renameAdapters, usesWsAdapter, type AdapterUse } from './adapter-classes.js';
import { findGateways, type GatewayClass, type Obstacle } from './gateway-class.js';
import { specifierFor } from './gateway-options.js';
import { GatewayRewriter, namespaceOf, type Tell } from './gateway-rewriter.js';
import { newGlobalEnhancers } from './global-enhancers.js';
import { FileImports, PACKAGE } from './imports.js';
import { changeManifest, hasDependency } from './package-manifest.js';
import { installedVersion, MigrateError, Project, type Problem, type ProjectLocation } from './project.js';
import { Report } from './report.js';
import { addOptions, findRootModules, importModule, type OptionText, type RootModule } from './root-modules.js';
import { planServer, type ServerPlan } from './server-plan.js';
import { SourceEdits } from './source-edits.js';
import { findAll, isFrom, isModule, originOf, positionIn } from './syntax.js';

export interface MigrationOptions extends ProjectLocation {
  /** The version of this package that the project shall depend on. */
  readonly version: string;
}

export interface FileChange {
  /** An absolute path. */
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

export interface Migration {
  readonly changes: readonly FileChange[];
  readonly report: Report;
}

/** What is to be changed in one file. */
interface FileEdits {
  readonly edits: SourceEdits;
  readonly imports: FileImports;
}

type EditsOf = (file: ts.SourceFile) => FileEdits;

const ORIGIN_CHECKED = 'the origin of a WebSocket is checked against `cors.origin`, as that of a poll is';
const ORIGIN_UNNAMED =
  '`cors` is taken from the remaining gateways or enableCors(); if they set none, a WebSocket from another origin gets 403; it ' +
  'was accepted before. Name the origins in forRoot({ cors })';

/**
 * Turns a project of `@nestjs/platform-socket.io` into one of this package. Nothing is written. A class is migrated as a whole
 * or not at all; one that is left runs on the module's server as it is. What would not compile is left, too.
 *
 * @throws MigrateError if nothing can be done, with the reason
 */
export function migrate(options: MigrationOptions): Migration {
  const project = Project.open(options);
  const nest = installedVersion(project.root, '@nestjs/core');
  if (nest !== null && Number.parseInt(nest, 10) < 11) {
    throw new MigrateError(`Nest ${nest} is installed, and ${PACKAGE} is for Nest 11 and 12. Upgrade Nest first.`);
  }
  if (usesWsAdapter(project)) {
    throw new MigrateError('The project uses @nestjs/platform-ws. See docs/migration.md for what its gateways become.');
  }
  const before = countProblems(project.problems());
  const plan = new MigrationPlan(project);
  for (;;) {
    const attempt = plan.attempt();
    const texts = new Map(attempt.changes.map(({ file, after }) => [file, after]));
    const changed = project.withTexts(texts);
    const added = changed.problems().filter((problem) => isNew(problem, before));
    if (plan.leave(added) || plan.keepTypes(added)) continue;
    const broken = added.find(({ file }) => plan.setsUpServer(file));
    if (broken !== undefined) return plan.abandon(broken);
    for (const { file, position, text } of added) {
      attempt.report.add(
        'todo',
        `${project.nameOf(file.fileName)}:${positionIn(file, position)}`,
        `no longer compiles: ${text}`,
      );
    }
    const manifest = changedManifest(changed, options, attempt);
    return manifest === null ? attempt : { ...attempt, changes: [...attempt.changes, manifest] };
  }
}

/** What is to be done; each attempt starts from the sources as they are. */
class MigrationPlan {
  readonly #gateways: readonly GatewayClass[];
  readonly #adapters: AdapterUse;
  readonly #roots: readonly (RootModule | string)[];
  readonly #plans: ReadonlyMap<RootModule, ServerPlan>;
  readonly #obstacles = new Map<GatewayClass, Obstacle[]>();
  /** Files that keep the types of `socket.io`, with what would not compile otherwise. */
  readonly #kept = new Map<ts.SourceFile, string>();
  /** Why the module cannot be imported: then gateways run with `SocketIoAdapter` alone. */
  readonly #adapterOnly: { node: ts.Node | null; text: string } | null;

  constructor(private readonly project: Project) {
    this.#gateways = findGateways(project);
    this.#adapters = findAdapters(project);
    this.#roots = findRootModules(project);
    this.#adapterOnly = this.#whyNoModule();
    const roots = this.#roots.filter((root): root is RootModule => typeof root !== 'string');
    this.#plans = new Map(roots.map((root) => [root, planServer(project, this.#gatewaysOf(root))]));
    for (const gateway of this.#gateways) this.#obstacles.set(gateway, [...gateway.obstacles]);
    for (const { obstacles } of this.#plans.values()) {
      for (const [gateway, found] of obstacles) this.#obstacles.get(gateway)!.push(...found);
    }
    this.#addSharedObstacles(roots);
  }

  /** One run over all files with those gateways that nothing speaks against. */
  attempt(): Migration {
    const report = new Report();
    const files = new Map<ts.SourceFile, FileEdits>();
    const editsOf: EditsOf = (file) => {
      const present = files.get(file) ?? { edits: new SourceEdits(), imports: new FileImports(this.project.ts, file) };
      files.set(file, present);
      return present;
    };
    const tell: Tell = (kind, node, text) => report.add(kind, this.#placeOf(node), text);
    const migrated = this.#gateways.filter((gateway) => this.#obstacles.get(gateway)!.length === 0);
    for (const gateway of this.#gateways) {
      const { edits, imports } = editsOf(gateway.file);
      if (migrated.includes(gateway)) new GatewayRewriter(this.project, gateway, edits, imports, tell).rewrite();
      else for (const { node, text } of this.#obstacles.get(gateway)!) tell('left', node, `${gateway.name}: ${text}`);
    }
    this.#rewriteAdapters(editsOf, tell);
    if (this.#adapterOnly === null) this.#importModule(editsOf, tell);
    else if (this.#hasWork) {
      const { node, text } = this.#adapterOnly;
      if (node === null) report.add('todo', 'tsconfig.json', text);
      else tell('todo', node, text);
    }
    this.#tellOfEnhancers(migrated, tell);
    this.#tellOfOthers(tell);
    this.#castInstrumented(editsOf, tell);
    for (const [file, text] of this.#kept)
      report.add(
        'left',
        this.project.nameOf(file.fileName),
        `the types of socket.io: those of ${PACKAGE} would not compile: ${text}`,
      );
    return { changes: this.#settle(files, migrated), report };
  }

  /** Leaves the gateways in whose files something does not compile any more; false if there are none. */
  leave(problems: readonly Problem[]): boolean {
    let hasLeft = false;
    for (const { file, text } of problems) {
      for (const gateway of this.#gateways) {
        const obstacles = this.#obstacles.get(gateway)!;
        if (gateway.file.fileName !== file.fileName || obstacles.length > 0) continue;
        obstacles.push({ node: gateway.decorator.node, text: `its migration would not compile: ${text}` });
        hasLeft = true;
      }
    }
    return hasLeft;
  }

  /** Leaves the types of `socket.io` in files that do not compile with those of this package; false if there are none. */
  keepTypes(problems: readonly Problem[]): boolean {
    const before = this.#kept.size;
    for (const { file, text } of problems) {
      const own = this.project.files.find(({ fileName }) => fileName === file.fileName)!;
      if (!this.#kept.has(own) && !this.setsUpServer(own) && importsFrom(this.project, own, 'socket.io'))
        this.#kept.set(own, text);
    }
    return this.#kept.size > before;
  }

  /** Whether a subclass of `IoAdapter` is in a file. */
  setsUpServer({ fileName }: ts.SourceFile): boolean {
    return this.#adapters.subclasses.some(({ node }) => node.getSourceFile().fileName === fileName);
  }

  /** Changes nothing: the project's adapter can be neither kept beside the module nor become one of this package. */
  abandon({ file, position, text }: Problem): Migration {
    const report = new Report();
    for (const { decorator, name } of this.#gateways) {
      report.add('left', this.#placeOf(decorator.node), `${name}: it still runs with the adapter of the project`);
    }
    const place = `${this.project.nameOf(file.fileName)}:${positionIn(file, position)}`;
    report.add(
      'todo',
      place,
      `as a subclass of SocketIoAdapter this adapter would not compile: ${text} Change it, and migrate again`,
    );
    return { changes: [], report };
  }

  get #hasWork(): boolean {
    return this.#gateways.length > 0 || this.#adapters.names.length > 0;
  }

  #whyNoModule(): { node: ts.Node | null; text: string } | null {
    for (const { node, takeover } of this.#adapters.subclasses) {
      if (takeover === null) continue;
      const name = `${node.name?.text ?? 'the adapter'}.${takeover.name!.getText()}()`;
      return {
        node: takeover,
        text: `${name} runs for each client or message, but not for handlers of this package. The gateways run unchanged with SocketIoAdapter; move the code to a guard, a middleware or @OnHandshake, and migrate again`,
      };
    }
    const unreadable = this.#roots.find((root) => typeof root === 'string');
    if (typeof unreadable === 'string')
      return {
        node: null,
        text: `SocketIoModule.forRoot() is not imported: ${unreadable}. Import it by hand, and migrate again`,
      };
    if (this.#roots.length > 0) return null;
    return {
      node: null,
      text: 'the project has no NestFactory.create(…): import SocketIoModule.forRoot() in its root module, and migrate again',
    };
  }

  #addSharedObstacles(roots: readonly RootModule[]): void {
    const why = this.#adapterOnly;
    const asked = newGlobalEnhancers(this.project).filter(
      ({ kind, isAware }) => !isAware && (kind === 'guard' || kind === 'interceptor'),
    );
    for (const gateway of this.#gateways) {
      const obstacles = this.#obstacles.get(gateway)!;
      if (why !== null) obstacles.push({ node: gateway.decorator.node, text: 'the module is not imported, see below' });
      else if (!roots.some(({ files }) => files.has(gateway.file)))
        obstacles.push({ node: gateway.decorator.node, text: 'no root module leads to this file' });
      for (const { kind, name, node } of asked) {
        obstacles.push({
          node,
          text: `the global ${kind} ${name} would also run for events, and is written for HTTP: make it check context.getType(), and migrate again`,
        });
      }
    }
    this.#findSharedEvents();
  }

  /** One of several handlers of an event may give the ack; Nest lets all of them. */
  #findSharedEvents(): void {
    const handlers = new Map<string, { gateway: GatewayClass; node: ts.Node; answers: boolean }[]>();
    for (const gateway of this.#gateways) {
      for (const { decorator, result, takesAck } of gateway.messages) {
        const [event] = decorator.args;
        const type = event && this.project.checker.getTypeAtLocation(event);
        const name = type?.isStringLiteral() ? type.value : (event?.getText() ?? '');
        const key = `${namespaceOf(gateway)} ${name}`;
        const answers = takesAck || result !== 'nothing';
        handlers.set(key, [...(handlers.get(key) ?? []), { gateway, node: decorator.node, answers }]);
      }
    }
    for (const same of handlers.values()) {
      if (same.length < 2 || !same.some(({ answers }) => answers)) continue;
      for (const { gateway, node } of same) {
        this.#obstacles.get(gateway)!.push({
          node,
          text: 'several methods handle this event, and only one can send the ack: use @OnEvent on the others',
        });
      }
    }
  }

  #gatewaysOf({ files }: RootModule): GatewayClass[] {
    return this.#gateways.filter(({ file }) => files.has(file));
  }

  #rewriteAdapters(editsOf: EditsOf, tell: Tell): void {
    const isModule = this.#adapterOnly === null;
    const removed = new Set<ts.Statement>(isModule ? this.#adapters.installs : []);
    for (const statement of removed) {
      const { text } = statement.getSourceFile();
      editsOf(statement.getSourceFile()).edits.removeLines(text, statement.getStart(), statement.end);
      tell('migrated', statement, 'IoAdapter is removed: the module serves the gateways');
    }
    renameAdapters(this.#adapters, removed, editsOf);
    for (const statement of isModule ? [] : this.#adapters.installs)
      tell('migrated', statement, 'IoAdapter is replaced with SocketIoAdapter');
    for (const { node, isMigrated } of this.#adapters.subclasses) {
      if (isMigrated) continue;
      const setsUp = node.members.some((member) => member.name?.getText() === 'createIOServer');
      const what = setsUp ? `; its createIOServer() sets up the server${isModule ? ' of the module' : ''}` : '';
      tell('migrated', node, `${node.name?.text ?? 'the adapter'} extends ${PACKAGE}'s SocketIoAdapter${what}`);
    }
  }

  #importModule(editsOf: EditsOf, tell: Tell): void {
    for (const [root, plan] of this.#plans) {
      const gateways = this.#gatewaysOf(root);
      if (root.present === null && gateways.length === 0 && !this.#hasWork) continue;
      const isMigrated = gateways.some((gateway) => this.#obstacles.get(gateway)!.length === 0);
      this.#writeOptions(root, isMigrated ? plan : { ...plan, options: [], imports: [] }, editsOf, tell);
      for (const { name, taken, other } of plan.conflicts) {
        const values = `${taken.value.getText()} in ${taken.gateway.name}, and ${other.value.getText()} here`;
        tell(
          'todo',
          other.value,
          `the option ${name} is ${values}: a server has one value, and different ones stop the start`,
        );
      }
      for (const { gateway, name, value } of plan.shared) {
        const text = `the option ${name} of ${gateway.name} applies to the whole server`;
        tell('change', value, `${text}; IoAdapter used the options of the first gateway`);
      }
      for (const { name, value } of isMigrated ? plan.unknown : []) {
        tell('change', value, `the option ${name} is not moved: it is not an option of the server`);
      }
    }
  }

  /** Into a new `forRoot`, or the one that is there. */
  #writeOptions(root: RootModule, { options, imports: needed }: ServerPlan, editsOf: EditsOf, tell: Tell): void {
    const file = root.node.getSourceFile();
    const { present } = root;
    if (present === null) {
      const { edits, imports } = editsOf(file);
      importModule(root, options, edits, imports);
      for (const { name, module, isFile } of needed) {
        if (isFile && path.resolve(module) === path.resolve(file.fileName.replace(/\.[cm]?ts$/, ''))) continue;
        imports.use(name, isFile ? specifierFor(file.fileName, module, extensionOf(file)) : module);
      }
      tell('migrated', root.node.name!, importText(options));
      tell('change', root.node.name!, options.some(({ name }) => name === 'cors') ? ORIGIN_CHECKED : ORIGIN_UNNAMED);
      return;
    }
    const isLiteral = present !== 'none' && present !== 'unreadable';
    const names = isLiteral ? present.properties.map((each) => each.name?.getText()) : [];
    const missing = options.filter(({ name }) => !names.includes(name));
    if (missing.length === 0) return;
    if (isLiteral) addOptions(present, missing, editsOf(present.getSourceFile()).edits);
    else
      tell(
        'todo',
        root.node.name!,
        `give SocketIoModule ${missing.map(({ name }) => name).join(', ')} of the gateways`,
      );
  }

  #tellOfEnhancers(migrated: readonly GatewayClass[], tell: Tell): void {
    if (migrated.length === 0) return;
    for (const { kind, name, node } of newGlobalEnhancers(this.project)) {
      tell('change', node, `the global ${kind} ${name} now runs for events as well; Nest did not run it for gateways`);
    }
  }

  /** What looks like a gateway and is not recognised as one, and imports that stay. */
  #tellOfOthers(tell: Tell): void {
    const { ts } = this.project;
    const known = new Set<ts.Node>(this.#gateways.map(({ node }) => node));
    for (const file of this.project.files) {
      for (const name of findAll(this.project, file, ts.isIdentifier)) {
        if (
          !ts.isCallExpression(name.parent) ||
          !isFrom(originOf(this.project, name), '@nestjs/websockets', 'SubscribeMessage')
        )
          continue;
        const owner = ts.findAncestor(name, ts.isClassLike);
        if (owner === undefined || !known.has(owner))
          tell('left', name, '@SubscribeMessage outside of a class with @WebSocketGateway: it is left as it is');
      }
      for (const statement of file.statements) {
        if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
        const bindings = statement.importClause?.namedBindings;
        const isNamed = bindings !== undefined && ts.isNamedImports(bindings);
        if (isModule(statement.moduleSpecifier.text, 'socket.io') && !isNamed)
          tell('todo', statement, `import the names that are used, from '${PACKAGE}' or '${PACKAGE}/server'`);
      }
    }
  }

  /** The types of `@socket.io/admin-ui` name private members of the official server. */
  #castInstrumented(editsOf: EditsOf, tell: Tell): void {
    const { ts } = this.project;
    if (!this.#hasWork) return;
    for (const file of this.project.files) {
      for (const call of findAll(this.project, file, ts.isCallExpression)) {
        const [server] = call.arguments;
        if (server === undefined || ts.isAsExpression(server)) continue;
        if (!isFrom(originOf(this.project, call.expression), '@socket.io/admin-ui', 'instrument')) continue;
        editsOf(file).edits.insert(server.end, ' as never');
        tell('migrated', call, 'instrument() takes the server `as never`: its types are those of the official class');
      }
    }
  }

  #settle(files: Map<ts.SourceFile, FileEdits>, migrated: readonly GatewayClass[]): FileChange[] {
    // Types of socket.io come from this package everywhere, since every socket does.
    const all = this.#hasWork ? this.project.files : [];
    const changes: FileChange[] = [];
    for (const file of all) {
      const { edits, imports } = files.get(file) ?? {
        edits: new SourceEdits(),
        imports: new FileImports(this.project.ts, file),
      };
      const gateways = this.#gateways.filter((gateway) => gateway.file === file);
      const ownsDecorators = gateways.length > 0 && gateways.every((gateway) => migrated.includes(gateway));
      const before = file.text;
      const settled = imports.settle(edits.apply(before), ownsDecorators, this.#kept.has(file));
      const after = before.includes('\r\n') ? settled.replace(/\r?\n/g, '\r\n') : settled;
      if (after !== before) changes.push({ file: file.fileName, before, after });
    }
    return changes;
  }

  #placeOf(node: ts.Node): string {
    const file = node.getSourceFile();
    return `${this.project.nameOf(file.fileName)}:${positionIn(file, node.getStart())}`;
  }
}

function importText(options: readonly OptionText[]): string {
  if (options.length === 0) return 'SocketIoModule.forRoot() is imported';
  return `SocketIoModule.forRoot() is imported, with ${options.map(({ name }) => name).join(', ')} of the gateways`;
}

function extensionOf(file: ts.SourceFile): string {
  return /from ['"]\.[^'"]*\.js['"]/.test(file.text) ? '.js' : '';
}

function countProblems(problems: readonly Problem[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { key } of problems) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

function isNew({ key }: Problem, before: ReadonlyMap<string, number>): boolean {
  return !before.has(key);
}

/** The dependency on this package, and without those that nothing imports any more. */
function changedManifest(
  project: Project,
  { root, version }: MigrationOptions,
  { changes, report }: Migration,
): FileChange | null {
  const file = path.join(root, 'package.json');
  if (changes.length === 0 || !existsSync(file)) return null;
  const before = readFileSync(file, 'utf8');
  const remove = ['@nestjs/platform-socket.io', 'socket.io', '@nestjs/websockets'].filter(
    (name) => hasDependency(before, name) && !isUsed(project, name),
  );
  const after = changeManifest(before, { add: [{ name: PACKAGE, version: `^${version}` }], remove });
  if (after === before) return null;
  report.add(
    'migrated',
    'package.json',
    [`${PACKAGE} is added`, ...remove.map((name) => `${name} is removed`)].join(', '),
  );
  report.add('todo', 'package.json', 'install what has changed: npm install');
  return { file, before, after };
}

function importsFrom(project: Project, file: ts.SourceFile, name: string): boolean {
  return findAll(project, file, project.ts.isStringLiteral).some(({ text }) => isModule(text, name));
}

function isUsed(project: Project, name: string): boolean {
  return project.files.some((file) => importsFrom(project, file, name));
}
