import type ts from 'typescript';
import { PACKAGE, type FileImports } from './imports.js';
import type { Project } from './project.js';
import type { SourceEdits } from './source-edits.js';
import { declarationOf, findAll, isFrom, originOf, superclassOf } from './syntax.js';

/** What a project does with `IoAdapter`. */
export interface AdapterUse {
  /** Each place where it is named, imports left out. */
  readonly names: readonly ts.Identifier[];
  /** Statements that do no more than to set it. */
  readonly installs: readonly ts.ExpressionStatement[];
  readonly subclasses: readonly AdapterSubclass[];
}

export interface AdapterSubclass {
  readonly node: ts.ClassLikeDeclaration;
  /** The first method that takes over how clients are connected, or how messages reach gateways; or null. */
  readonly takeover: ts.ClassElement | null;
  /** Whether it extends the adapter of this package already. */
  readonly isMigrated: boolean;
}

/** Methods that Nest calls for each client; what they do would be left out for handlers of this package. */
const TAKEOVERS = new Set([
  'create',
  'bindClientConnect',
  'bindClientDisconnect',
  'bindMessageHandlers',
  'bindMessageHandler',
  'mapPayload',
]);

export function findAdapters(project: Project): AdapterUse {
  const { ts } = project;
  const names: ts.Identifier[] = [];
  const installs: ts.ExpressionStatement[] = [];
  const subclasses: AdapterSubclass[] = [];
  for (const file of project.files) {
    for (const name of findAll(project, file, ts.isIdentifier)) {
      if (!isImported(project, name) && isIoAdapter(project, name)) names.push(name);
    }
    for (const statement of findAll(project, file, ts.isExpressionStatement)) {
      if (setsIoAdapter(project, statement)) installs.push(statement);
    }
    for (const node of findAll(project, file, ts.isClassLike)) {
      const base = rootAdapterOf(project, node);
      if (base !== null) subclasses.push({ node, takeover: takeoverOf(node), isMigrated: !isIoAdapter(project, base) });
    }
  }
  return { names, installs, subclasses };
}

/** Names our adapter instead, except in statements that go. */
export function renameAdapters(
  { names }: AdapterUse,
  removed: ReadonlySet<ts.Statement>,
  editsOf: (file: ts.SourceFile) => { edits: SourceEdits; imports: FileImports },
): void {
  for (const name of names) {
    if (isInside(name, removed)) continue;
    const { edits, imports } = editsOf(name.getSourceFile());
    edits.replace(name.getStart(), name.end, imports.use('SocketIoAdapter'));
  }
}

/** Whether a project runs gateways on the adapter of `ws`. */
export function usesWsAdapter(project: Project): boolean {
  const { ts } = project;
  return project.files.some((file) =>
    findAll(project, file, ts.isIdentifier).some((name) => isFrom(originOf(project, name), '@nestjs/platform-ws')),
  );
}

function setsIoAdapter(project: Project, { expression }: ts.ExpressionStatement): boolean {
  const { ts } = project;
  if (!ts.isCallExpression(expression) || !ts.isPropertyAccessExpression(expression.expression)) return false;
  const [adapter] = expression.arguments;
  return (
    expression.expression.name.text === 'useWebSocketAdapter' &&
    adapter !== undefined &&
    ts.isNewExpression(adapter) &&
    isIoAdapter(project, adapter.expression)
  );
}

/** `IoAdapter`, or ours after an earlier run, that a class extends directly or through other classes of the project. */
function rootAdapterOf(project: Project, node: ts.ClassLikeDeclaration): ts.Expression | null {
  const base = superclassOf(project, node);
  if (base === undefined) return null;
  if (isIoAdapter(project, base) || isFrom(originOf(project, base), PACKAGE, 'SocketIoAdapter')) return base;
  const declaration = declarationOf(project, base);
  return declaration !== undefined && project.ts.isClassLike(declaration) ? rootAdapterOf(project, declaration) : null;
}

function takeoverOf({ members }: ts.ClassLikeDeclaration): ts.ClassElement | null {
  return members.find((member) => TAKEOVERS.has(member.name?.getText() ?? '')) ?? null;
}

function isIoAdapter(project: Project, node: ts.Node): boolean {
  return isFrom(originOf(project, node), '@nestjs/platform-socket.io', 'IoAdapter');
}

function isImported({ ts }: Project, { parent }: ts.Identifier): boolean {
  return ts.isImportSpecifier(parent);
}

function isInside(node: ts.Node, statements: ReadonlySet<ts.Node>): boolean {
  for (let each: ts.Node | undefined = node; each !== undefined; each = each.parent)
    if (statements.has(each)) return true;
  return false;
}
