/** The typings that the package publishes, made in memory from src as `npm run build` makes them. */
import path from 'node:path';
import ts from 'typescript';

const ROOT = path.resolve(import.meta.dirname, '../..');
/** Where the typings seem to lie: within the package, so that they find what it depends on. */
const TYPINGS = path.join(ROOT, '.typings');

/** Every entry of `exports` by its name, as a file of src without its ending. */
export const ENTRIES: Readonly<Record<string, string>> = readEntries();

/** The published typings: path below the package to text. */
export type Typings = ReadonlyMap<string, string>;

export function emitTypings(): Typings {
  const { options, fileNames } = readConfig(path.join(ROOT, 'tsconfig.json'));
  const program = ts.createProgram({
    rootNames: fileNames,
    options: { ...options, outDir: TYPINGS, noEmit: false, emitDeclarationOnly: true },
  });
  const typings = new Map<string, string>();
  program.emit(undefined, (file, text) => typings.set(path.resolve(file), text), undefined, true);
  return typings;
}

/** A program over the typings and some files of users, which import the package by its name. */
export function createProgram(
  typings: Typings,
  users: Readonly<Record<string, string>>,
  options: ts.CompilerOptions = {},
): ts.Program {
  const files = new Map(typings);
  for (const [name, text] of Object.entries(users)) files.set(path.join(ROOT, name), text);
  const paths = Object.fromEntries(
    Object.entries(ENTRIES).map(([name, file]) => [name, [path.join(TYPINGS, `${file}.d.ts`)]]),
  );
  const all: ts.CompilerOptions = {
    ...readConfig(path.join(ROOT, 'tsconfig.json')).options,
    noEmit: true,
    declaration: false,
    skipLibCheck: false,
    paths,
    ...options,
  };
  delete all.rootDir;
  const host = ts.createCompilerHost(all);
  const { fileExists, readFile, getSourceFile } = host;
  // The folder of the typings does not exist.
  delete host.directoryExists;
  host.fileExists = (file) => files.has(path.resolve(file)) || fileExists(file);
  host.readFile = (file) => files.get(path.resolve(file)) ?? readFile(file);
  host.getSourceFile = (file, version, ...rest) => {
    const text = files.get(path.resolve(file));
    return text === undefined ? getSourceFile(file, version, ...rest) : ts.createSourceFile(file, text, version);
  };
  const rootNames = [...typings.keys(), ...Object.keys(users).map((name) => path.join(ROOT, name))];
  return ts.createProgram({ rootNames, options: all, host });
}

/** What can be said against a program, one line each; what other packages do wrong is left out. */
export function complaintsOf(program: ts.Program): string[] {
  const own = program.getSourceFiles().filter(({ fileName }) => !fileName.includes('node_modules'));
  const inFiles = own.flatMap((file) => [
    ...program.getSyntacticDiagnostics(file),
    ...program.getSemanticDiagnostics(file),
  ]);
  // Those of the whole program are known once its files were checked.
  return [...program.getOptionsDiagnostics(), ...inFiles, ...program.getGlobalDiagnostics()].map(
    ({ file, start, messageText }) => {
      const text = ts.flattenDiagnosticMessageText(messageText, '\n');
      if (file === undefined) return text;
      const { line } = file.getLineAndCharacterOfPosition(start!);
      return `${path.relative(ROOT, file.fileName)}:${line + 1} ${text}`;
    },
  );
}

/** A declaration that users see: exported by an entry, or named by one that is. */
export interface Declared {
  readonly name: string;
  /** Below src, without its ending. */
  readonly file: string;
  readonly symbol: ts.Symbol;
  readonly nodes: readonly ts.Declaration[];
}

/** The names that each entry exports, with the declaration behind each. */
export function exportsOf(program: ts.Program): Map<string, Declared[]> {
  const checker = program.getTypeChecker();
  return new Map(
    Object.entries(ENTRIES).map(([entry, file]) => {
      const source = program.getSourceFile(path.join(TYPINGS, `${file}.d.ts`))!;
      const exported = checker
        .getExportsOfModule(checker.getSymbolAtLocation(source)!)
        .map((symbol) => ({ ...declaredBy(resolve(checker, symbol)), name: symbol.name }));
      return [entry, exported.toSorted((a, b) => (a.name < b.name ? -1 : 1))];
    }),
  );
}

/** All declarations of this package that the entries lead to, by file and name. */
export function reachable(program: ts.Program): Declared[] {
  const checker = program.getTypeChecker();
  const found = new Map<ts.Symbol, Declared>();
  const visitSymbol = (symbol: ts.Symbol): void => {
    const resolved = resolve(checker, symbol);
    if (found.has(resolved) || !isOwn(resolved) || !isTopLevel(resolved)) return;
    const declared = declaredBy(resolved);
    found.set(resolved, declared);
    for (const node of declared.nodes) visit(node);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const symbol = checker.getSymbolAtLocation(node);
      if (symbol !== undefined) visitSymbol(symbol);
    }
    ts.forEachChild(node, visit);
  };
  for (const exported of exportsOf(program).values()) for (const { symbol } of exported) visitSymbol(symbol);
  return [...found.values()].toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** A declaration without its comments, in one form whatever its source looks like. */
export function print({ nodes }: Declared): string {
  const printer = ts.createPrinter({ removeComments: true });
  return nodes
    .map((node) => printer.printNode(ts.EmitHint.Unspecified, statementOf(node), node.getSourceFile()))
    .join('\n');
}

export function keyOf({ file, name }: Pick<Declared, 'file' | 'name'>): string {
  return `${file}#${name}`;
}

/** Members that a hover shows nothing for: without a doc of their own, of what they implement or of what they override. */
export function undocumentedMembers(program: ts.Program): string[] {
  const checker = program.getTypeChecker();
  return reachable(program).flatMap((declared) => {
    const { symbol } = declared;
    const members = [...(symbol.members?.values() ?? []), ...(symbol.exports?.values() ?? [])];
    return members
      .filter((member) => isNamed(member) && isOwn(member) && !isDocumented(checker, member))
      .map((member) => `${keyOf(declared)}.${member.name}`);
  });
}

function isNamed(member: ts.Symbol): boolean {
  const { Property, Method, Accessor, EnumMember } = ts.SymbolFlags;
  return (member.flags & (Property | Method | Accessor | EnumMember)) !== 0 && !isHidden(member);
}

/** Private ones keep their name in typings, `#private` stands for all others. */
function isHidden(member: ts.Symbol): boolean {
  return (member.declarations ?? []).every(
    (node) =>
      (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private) !== 0 ||
      (ts.isPropertyDeclaration(node) && ts.isPrivateIdentifier(node.name)),
  );
}

function isDocumented(checker: ts.TypeChecker, member: ts.Symbol): boolean {
  // Of every error, and everyone knows it.
  if (member.name === 'name' && (member.declarations ?? []).some((node) => ts.isClassDeclaration(node.parent)))
    return true;
  // The checker itself looks at what a member implements or overrides.
  return member.getDocumentationComment(checker).length > 0 || member.getJsDocTags(checker).length > 0;
}

function isTopLevel(symbol: ts.Symbol): boolean {
  const [node] = symbol.declarations ?? [];
  return node !== undefined && ts.isSourceFile(statementOf(node).parent);
}

function isOwn(symbol: ts.Symbol): boolean {
  return (symbol.declarations ?? []).some(
    (node) =>
      node.getSourceFile().fileName.startsWith(TYPINGS) &&
      !ts.isSourceFile(node) &&
      !ts.isTypeParameterDeclaration(node),
  );
}

function resolve(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
}

function declaredBy(symbol: ts.Symbol): Declared {
  const nodes = symbol.declarations ?? [];
  const file = nodes.length === 0 ? '' : path.relative(TYPINGS, nodes[0].getSourceFile().fileName);
  return { name: symbol.name, file: file.replace(/\.d\.ts$/, ''), symbol, nodes };
}

/** A variable stands in a statement, which has the words around it. */
function statementOf(node: ts.Node): ts.Node {
  return ts.isVariableDeclaration(node) ? node.parent.parent : node;
}

function readConfig(file: string): ts.ParsedCommandLine {
  return ts.parseJsonConfigFileContent(ts.readConfigFile(file, ts.sys.readFile).config, ts.sys, path.dirname(file));
}

function readEntries(): Record<string, string> {
  const { name, exports } = JSON.parse(ts.sys.readFile(path.join(ROOT, 'package.json'))!) as {
    name: string;
    exports: Record<string, { import?: { types: string } }>;
  };
  const entries = Object.entries(exports).filter(([, target]) => target.import !== undefined);
  return Object.fromEntries(
    entries.map(([subpath, target]) => [
      subpath === '.' ? name : `${name}${subpath.slice(1)}`,
      target.import!.types.replace('./dist/esm/', '').replace(/\.d\.ts$/, ''),
    ]),
  );
}
