/** Finds, in the types and the text of the source, every place where foreign code is handed in or called. */
import path from 'node:path';
import ts from 'typescript';
import { ROOT } from '../../house/manual.js';

/** The borders of each kind, by name. */
export interface Borders {
  readonly options: readonly string[];
  readonly events: readonly string[];
  readonly methods: readonly string[];
  readonly adapter: readonly string[];
}

/** Whose listeners the emitting files call; a file that is not here stands for itself. */
const EMITTERS: Readonly<Record<string, string>> = {
  'engine-server': 'engine',
  'engine-events': 'engine',
  'foreign-session': 'session',
  session: 'session',
  'memory-adapter': 'adapter',
  'connect-sequence': 'namespace',
  server: 'namespace',
  socket: 'socket',
};

/** What the emitting files call their listeners with. */
const TELLERS: ReadonlySet<string> = new Set(['callListeners', 'tell', '#tell', '#emitLocal']);

/** Interfaces of events that users can listen to, and whose they are. */
const EVENT_MAPS: Readonly<Record<string, string>> = {
  ServerReservedEvents: 'namespace',
  SocketReservedEvents: 'socket',
};

/** Classes whose methods users call. */
const CLASSES = ['Server', 'Namespace', 'Socket', 'BroadcastOperator', 'RemoteSocket', 'EngineServer', 'Session'];

export function enumerateBorders(): Borders {
  const program = createProgram();
  const checker = program.getTypeChecker();
  const sources = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(path.join(ROOT, 'src')));
  const find = (name: string): ts.Type => typeOf(name, sources, checker);
  const options = new Set<string>();
  for (const name of ['SocketIoModuleOptions', 'ServerOptions', 'SocketIoAdapterOptions', 'HandlerRateLimit']) {
    const walk = new OptionWalk(checker, options);
    walk.properties(find(name), name === 'HandlerRateLimit' ? '@RateLimit.' : '', 0);
  }
  const events = new Set(sources.flatMap(eventsToldIn));
  for (const [name, owner] of Object.entries(EVENT_MAPS)) {
    for (const { name: event } of find(name).getProperties()) events.add(`${owner}: ${event}`);
  }
  const methods = CLASSES.flatMap((name) => callbackMethodsOf(name, find(name), checker));
  const adapter = ['Adapter', 'SessionAdapter'].flatMap((name) => ownMethodsOf(find(name)));
  const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();
  return { options: sorted(options), events: sorted(events), methods: sorted(methods), adapter: sorted(adapter) };
}

function createProgram(): ts.Program {
  const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), ts.sys.readFile.bind(ts.sys));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const roots = ['src/index.ts', 'src/server.ts'].map((file) => path.join(ROOT, file));
  return ts.createProgram(roots, { ...options, noEmit: true, skipLibCheck: true });
}

/** Walks over an options type to every function in it: what is a function, what a class makes, and what lists hold. */
class OptionWalk {
  constructor(
    private readonly checker: ts.TypeChecker,
    private readonly found: Set<string>,
  ) {}

  properties(type: ts.Type, prefix: string, depth: number): void {
    for (const property of type.getProperties()) {
      if (isBuiltIn(property)) continue;
      const declaration = property.valueDeclaration ?? property.declarations?.[0];
      if (declaration === undefined) continue;
      this.#value(this.checker.getTypeOfSymbolAtLocation(property, declaration), prefix + property.name, depth);
    }
  }

  #value(type: ts.Type, name: string, depth: number): void {
    if (depth > DEEPEST) throw new Error(`options nest deeper than ${DEEPEST}: ${name}`);
    if (type.isUnion()) {
      for (const part of type.types) this.#value(part, name, depth);
      return;
    }
    if (type.getCallSignatures().length > 0) this.found.add(name);
    for (const signature of type.getConstructSignatures()) {
      this.found.add(name);
      // An adapter has a list of its own.
      if (name.endsWith('adapter')) continue;
      this.#methods(signature.getReturnType(), name);
    }
    const element = this.checker.isArrayType(type) ? this.checker.getTypeArguments(type as ts.TypeReference)[0] : null;
    if (element !== null) this.#value(element, `${name}[]`, depth + 1);
    else if (isOwnObject(type)) this.properties(type, `${name}.`, depth + 1);
  }

  #methods(instance: ts.Type, name: string): void {
    for (const method of ownMethodsOf(instance)) this.found.add(`${name}.${method}`);
  }
}

/** Options are flat; this stops a type that contains itself. */
const DEEPEST = 6;

/** Methods with a parameter that is a function, and the name of that parameter. */
function callbackMethodsOf(className: string, type: ts.Type, checker: ts.TypeChecker): string[] {
  return type.getProperties().flatMap((method) => {
    const declarations = method.declarations ?? [];
    if (method.name.startsWith('#') || isBuiltIn(method) || declarations.some(isHidden)) return [];
    const signatures = declarations.filter(isMethod);
    // The implementation behind overloads is none of them.
    const published = signatures.length === 1 ? signatures : signatures.filter((node) => !hasBody(node));
    return published.flatMap(({ parameters }) =>
      parameters
        .filter((parameter) => takesFunction(checker.getTypeAtLocation(parameter)))
        .map((parameter) => `${className}.${method.name}(${parameter.name.getText()})`),
    );
  });
}

function takesFunction(type: ts.Type): boolean {
  return type.isUnion() ? type.types.some(takesFunction) : type.getCallSignatures().length > 0;
}

function isMethod(node: ts.Node): node is ts.MethodDeclaration | ts.MethodSignature {
  return ts.isMethodDeclaration(node) || ts.isMethodSignature(node);
}

function hasBody(node: ts.MethodDeclaration | ts.MethodSignature): boolean {
  return ts.isMethodDeclaration(node) && node.body !== undefined;
}

/** Private, or for this package only. */
function isHidden(node: ts.Declaration): boolean {
  const isInternal = ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal');
  return isInternal || (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private) !== 0;
}

function ownMethodsOf(type: ts.Type): string[] {
  return type
    .getProperties()
    .filter((property) => !isBuiltIn(property) && (property.declarations ?? []).some(isMethod))
    .map(({ name }) => name);
}

/** Whether a member comes from the language or from Node, such as those of an EventEmitter or a string. */
function isBuiltIn({ declarations = [] }: ts.Symbol): boolean {
  return declarations.length > 0 && declarations.every((node) => BUILT_IN.test(node.getSourceFile().fileName));
}

const BUILT_IN = /node_modules\/(?:typescript\/lib|@types\/node)\//;

function isOwnObject(type: ts.Type): boolean {
  if (type.isIntersection() || isMapped(type)) return true;
  return (type.flags & ts.TypeFlags.Object) !== 0 && type.symbol !== undefined && !isBuiltIn(type.symbol);
}

/** Such as `Pick` of an interface. */
function isMapped(type: ts.Type): boolean {
  return ((type as ts.ObjectType).objectFlags & ts.ObjectFlags.Mapped) !== 0;
}

/** The events that a file tells listeners of, by literal name. */
function eventsToldIn(source: ts.SourceFile): string[] {
  if (!/\/src\/(?:engine|socketio)\//.test(source.fileName)) return [];
  const file = path.basename(source.fileName, '.ts');
  const events: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && TELLERS.has(nameOf(node.expression))) {
      const event = node.arguments.find(ts.isStringLiteral);
      if (event !== undefined) events.push(`${EMITTERS[file] ?? file}: ${event.text}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return events;
}

function nameOf(callee: ts.Expression): string {
  if (ts.isIdentifier(callee)) return callee.text;
  return ts.isPropertyAccessExpression(callee) ? callee.name.text : '';
}

/** @throws Error if nothing has this name, so that a rename does not empty a list */
function typeOf(name: string, sources: readonly ts.SourceFile[], checker: ts.TypeChecker): ts.Type {
  for (const { statements } of sources) {
    for (const node of statements) {
      const isType = ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node);
      if (isType && node.name?.text === name)
        return checker.getDeclaredTypeOfSymbol(checker.getSymbolAtLocation(node.name)!);
    }
  }
  throw new Error(`no class or interface ${name} in src`);
}
