import type ts from 'typescript';
import type { TypeScript } from './project.js';
import { SourceEdits } from './source-edits.js';
import { isModule, walk } from './syntax.js';

export const PACKAGE = 'nestjs-socketio';

/** Names of `socket.io` and of files in it that this package exports too. */
const SOCKETIO_NAMES: ReadonlySet<string> = new Set([
  'BroadcastOperator',
  'DefaultEventsMap',
  'ExtendedError',
  'Namespace',
  'RemoteSocket',
  'Server',
  'ServerOptions',
  'Socket',
]);

/** Parameter decorators that have a namesake here. */
const PARAMETER_DECORATORS: ReadonlySet<string> = new Set(['Ack', 'ConnectedSocket', 'MessageBody']);

/** From here on a list of imports takes several lines. */
const LINE = 100;

/** Modules whose imports may become unused. */
const TOUCHED = ['@nestjs/websockets', '@nestjs/platform-socket.io', 'socket.io', '@nestjs/common'];

/** What a file imports from this package after its migration. */
export class FileImports {
  readonly #added = new Map<string, { module: string; local: string }>();

  constructor(
    private readonly ts: TypeScript,
    private readonly file: ts.SourceFile,
  ) {}

  /** The name under which an export can be used in the file: another one if the file has this name for something else. */
  use(name: string, module = PACKAGE): string {
    const present = this.#added.get(`${module}#${name}`);
    if (present !== undefined) return present.local;
    const local = this.#localName(name, module);
    this.#added.set(`${module}#${name}`, { module, local });
    return local;
  }

  /**
   * The imports of a text that was edited: what was asked for is added, what `socket.io` gave comes from this package, and
   * what is no longer used goes.
   *
   * @param ownsDecorators whether the parameter decorators, too, come from this package
   * @param keepsTypes whether what `socket.io` gave stays
   */
  settle(text: string, ownsDecorators: boolean, keepsTypes: boolean): string {
    const { ts } = this;
    const source = ts.createSourceFile(this.file.fileName, text, ts.ScriptTarget.Latest, true);
    const used = identifiersIn(ts, source);
    const usedBefore = identifiersIn(ts, this.file);
    const additions = new Additions();
    for (const [key, { module, local }] of this.#added) {
      if (used.has(local)) additions.add(module, renamed(key.split('#')[1], local), false);
    }
    const imports = source.statements.filter(ts.isImportDeclaration);
    const changes = new Map<ts.ImportDeclaration, string[]>();
    for (const declaration of imports) {
      const bindings = namedImportsOf(ts, declaration);
      const module = moduleOf(ts, declaration);
      if (bindings === null || !TOUCHED.some((each) => isModule(module, each))) continue;
      const kept = bindings.elements.filter(({ name: { text: local }, propertyName, isTypeOnly }) => {
        if (!used.has(local)) return !usedBefore.has(local);
        const stays = keepsTypes && isModule(module, 'socket.io');
        const name = stays ? null : movedName(module, propertyName?.text ?? local, ownsDecorators);
        if (name === null) return true;
        // `IoAdapter` is written with its new name wherever it stands.
        additions.add(PACKAGE, renamed(name, local), declaration.importClause!.isTypeOnly || isTypeOnly);
        return false;
      });
      if (kept.length < bindings.elements.length)
        changes.set(
          declaration,
          kept.map((each) => each.getText()),
        );
    }
    const anchor = [...changes.keys()].find((each) => moduleOf(ts, each) !== '@nestjs/common');
    const edits = new SourceEdits();
    const style = styleOf(ts, imports);
    for (const { module, isType, specifiers } of additions.all()) {
      const present = imports.find(
        (each) =>
          moduleOf(ts, each) === module &&
          each.importClause?.isTypeOnly === isType &&
          namedImportsOf(ts, each) !== null,
      );
      if (present === undefined) {
        addDeclaration(edits, anchor, imports.at(-1), declarationOf(module, specifiers, { ...style, isType }));
      } else {
        const names = changes.get(present) ?? namedImportsOf(ts, present)!.elements.map((each) => each.getText());
        const missing = specifiers.filter((each) => !names.includes(each));
        if (missing.length > 0) changes.set(present, [...names, ...missing]);
      }
    }
    for (const [declaration, names] of changes) {
      keepNames(text, edits, declaration, namedImportsOf(ts, declaration)!, names);
    }
    return edits.apply(text);
  }

  #localName(name: string, module: string): string {
    const { ts } = this;
    const taken = new Map<string, string | null>();
    for (const statement of this.file.statements) {
      if (ts.isImportDeclaration(statement)) {
        const { importClause } = statement;
        if (importClause?.name) taken.set(importClause.name.text, moduleOf(ts, statement));
        const bindings = importClause?.namedBindings;
        if (bindings && ts.isNamespaceImport(bindings)) taken.set(bindings.name.text, null);
        if (bindings && ts.isNamedImports(bindings)) {
          for (const element of bindings.elements) {
            const isSame = (element.propertyName ?? element.name).text === name;
            taken.set(element.name.text, isSame ? moduleOf(ts, statement) : null);
          }
        }
      } else if ('name' in statement && statement.name !== undefined && ts.isIdentifier(statement.name as ts.Node)) {
        taken.set((statement.name as ts.Identifier).text, null);
      } else if (ts.isVariableStatement(statement)) {
        for (const { name: variable } of statement.declarationList.declarations) taken.set(variable.getText(), null);
      }
    }
    const owner = taken.get(name);
    const isFree =
      owner === undefined ||
      owner === module ||
      (module === PACKAGE && owner !== null && movedName(owner, name, true) === name);
    if (isFree) return name;
    return name.startsWith('SocketIo') ? `Base${name}` : `SocketIo${name}`;
  }
}

interface ImportStyle {
  readonly quote: string;
  readonly end: string;
  readonly isType?: boolean;
}

/** The name of this package for one of another package, or null if it stays there. */
function movedName(module: string, name: string, ownsDecorators: boolean): string | null {
  if (isModule(module, 'socket.io')) return SOCKETIO_NAMES.has(name) ? name : null;
  if (isModule(module, '@nestjs/platform-socket.io')) return name === 'IoAdapter' ? 'SocketIoAdapter' : null;
  return ownsDecorators && isModule(module, '@nestjs/websockets') && PARAMETER_DECORATORS.has(name) ? name : null;
}

/** Names of values and types in a file; those of properties do not count. */
function identifiersIn(ts: TypeScript, source: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  walk({ ts }, source, (node) => {
    if (ts.isImportDeclaration(node)) return false;
    if (!ts.isIdentifier(node)) return true;
    const { parent } = node;
    const isProperty =
      (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
      (ts.isQualifiedName(parent) && parent.right === node) ||
      ((ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isPropertyDeclaration(parent)) &&
        parent.name === node);
    if (!isProperty) names.add(node.text);
    return true;
  });
  return names;
}

/** Names to import, by module and by whether they are only types. */
class Additions {
  readonly #values = new Map<string, Set<string>>();
  readonly #types = new Set<string>();

  add(module: string, specifier: string, isType: boolean): void {
    if (isType) this.#types.add(specifier);
    else this.#values.set(module, (this.#values.get(module) ?? new Set()).add(specifier));
  }

  all(): { module: string; isType: boolean; specifiers: string[] }[] {
    const own = this.#values.get(PACKAGE);
    const types = [...this.#types].filter((each) => !own?.has(each)).toSorted();
    const values = [...this.#values].map(([module, specifiers]) => ({
      module,
      isType: false,
      specifiers: [...specifiers].toSorted(),
    }));
    return types.length === 0 ? values : [...values, { module: PACKAGE, isType: true, specifiers: types }];
  }
}

function renamed(name: string, local: string): string {
  return local === name ? name : `${name} as ${local}`;
}

function namedImportsOf(ts: TypeScript, { importClause }: ts.ImportDeclaration): ts.NamedImports | null {
  const bindings = importClause?.namedBindings;
  return bindings !== undefined && ts.isNamedImports(bindings) ? bindings : null;
}

function keepNames(
  text: string,
  edits: SourceEdits,
  declaration: ts.ImportDeclaration,
  bindings: ts.NamedImports,
  names: readonly string[],
): void {
  const { name } = declaration.importClause!;
  if (names.length > 0) edits.replace(bindings.getStart(), bindings.end, listOf(text, bindings, names));
  else if (name !== undefined) edits.replace(name.end, bindings.end, '');
  else edits.removeLines(text, declaration.getStart(), declaration.end);
}

/** A list of names on one line, or as it was on several if it is too long for one. */
function listOf(text: string, bindings: ts.NamedImports, names: readonly string[]): string {
  const line = `{ ${names.join(', ')} }`;
  const indent = /\n([ \t]*)\S/.exec(text.slice(bindings.getStart(), bindings.end))?.[1];
  if (line.length <= LINE - 40 || indent === undefined) return line;
  return `{\n${names.map((each) => `${indent}${each},\n`).join('')}}`;
}

function declarationOf(module: string, names: readonly string[], { quote, end, isType }: ImportStyle): string {
  const keyword = isType ? 'import type' : 'import';
  const from = `from ${quote}${module}${quote}${end}`;
  const line = `${keyword} { ${names.join(', ')} } ${from}`;
  if (line.length <= LINE) return line;
  return `${keyword} {\n${names.map((each) => `  ${each},\n`).join('')}} ${from}`;
}

/** At the place of an import that it replaces, or behind the last one. */
function addDeclaration(
  edits: SourceEdits,
  anchor: ts.ImportDeclaration | undefined,
  last: ts.ImportDeclaration | undefined,
  text: string,
): void {
  if (anchor !== undefined) edits.insert(anchor.getStart(), `${text}\n`);
  else if (last !== undefined) edits.insert(last.end, `\n${text}`);
  else edits.insert(0, `${text}\n`);
}

function styleOf(ts: TypeScript, imports: readonly ts.ImportDeclaration[]): ImportStyle {
  const first = imports.find(({ moduleSpecifier }) => ts.isStringLiteral(moduleSpecifier));
  if (first === undefined) return { quote: "'", end: ';' };
  return { quote: first.moduleSpecifier.getText()[0], end: first.getText().endsWith(';') ? ';' : '' };
}

function moduleOf(ts: TypeScript, { moduleSpecifier }: ts.ImportDeclaration): string {
  return ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : '';
}
