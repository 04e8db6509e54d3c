import type ts from 'typescript';
import { declarationOf, findAll, walk } from './syntax.js';
import type { Project } from './project.js';

/** How far calls are followed in search of a check. */
const DEPTH = 4;

/** Methods that only look or tell; a call of another one may keep something that has to be undone. */
const HARMLESS =
  /^(?:get|find|fetch|load|read|verify|validate|decode|parse|extract|check|ensure|assert|is|has|can|may|exists|auth|log|debug|warn|error|info|verbose|trace|startsWith|split|replace|slice|includes|trim|then|catch|finally)/i;

/** Methods that tell others. Who listens cannot be seen where they are called. */
const TELLING = /^(?:emit|send|publish|dispatch|broadcast|notify)/i;

/** What `handleConnection` does, and how it can become handlers of this package. */
export type ConnectionPlan =
  /** It lets everyone in. */
  | { readonly kind: 'connect' }
  /** It only decides: before the CONNECT reply, then. */
  | { readonly kind: 'handshake' }
  /** It decides in its first statements, and does the rest for those who are let in. */
  | { readonly kind: 'split'; readonly rest: ts.Statement }
  /** It decides and does the rest in one: it stays one method after the CONNECT reply, which may still disconnect. */
  | { readonly kind: 'mixed'; readonly check: ts.Node };

export function planConnection(project: Project, method: ts.MethodDeclaration): ConnectionPlan {
  const { ts } = project;
  const client = method.parameters[0]?.name;
  const name = client !== undefined && ts.isIdentifier(client) ? client.text : null;
  const statements = method.body!.statements;
  const checks = statements.map((statement) => findCheck(project, statement, name, DEPTH));
  const check = checks.find((each) => each !== null);
  if (check === undefined || check === null) return { kind: 'connect' };
  const effects = statements.map((statement) => hasEffect(project, statement, name, DEPTH));
  if (!effects.includes(true)) return { kind: 'handshake' };
  const lastCheck = checks.findLastIndex((each) => each !== null);
  const first = statements.slice(0, lastCheck + 1);
  const rest = statements[lastCheck + 1];
  const isSplit =
    rest !== undefined &&
    !effects.slice(0, lastCheck + 1).includes(true) &&
    !sharesNames(project, first, statements.slice(lastCheck + 1)) &&
    first.every((statement) => refusesWhereItReturns(project, statement, name));
  return isSplit ? { kind: 'split', rest } : { kind: 'mixed', check };
}

/** What refuses a client: `disconnect()`, a `throw`, or a call of a function of the project that does so. */
function findCheck(project: Project, root: ts.Node, client: string | null, depth: number): ts.Node | null {
  const { ts } = project;
  let found: ts.Node | null = null;
  walk(project, root, (node) => {
    if (found !== null) return false;
    if (ts.isThrowStatement(node)) found = node;
    else if (ts.isCallExpression(node) && isCheck(project, node, client, depth)) found = node;
    return found === null;
  });
  return found;
}

function isCheck(project: Project, call: ts.CallExpression, client: string | null, depth: number): boolean {
  const { ts } = project;
  const { expression: callee } = call;
  if (ts.isPropertyAccessExpression(callee) && ENDINGS.has(callee.name.text)) return true;
  const called = depth === 0 ? null : calledFunction(project, call, client);
  return called !== null && findCheck(project, called.body, called.client, depth - 1) !== null;
}

/** The body of a function of the project that is called, and what the client is called there. */
function calledFunction(
  project: Project,
  call: ts.CallExpression,
  client: string | null,
): { body: ts.Node; client: string | null } | null {
  const { ts } = project;
  const { expression: callee } = call;
  const declaration = declarationOf(project, ts.isPropertyAccessExpression(callee) ? callee.name : callee);
  if (declaration === undefined || declaration.getSourceFile().isDeclarationFile) return null;
  const body = bodyOf(project, declaration);
  if (body === undefined) return null;
  const index = call.arguments.findIndex((argument) => client !== null && argument.getText() === client);
  const parameter = index < 0 ? undefined : (declaration as ts.FunctionLikeDeclaration).parameters?.[index]?.name;
  return { body, client: parameter?.getText() ?? null };
}

/** Calls that end a connection. `disconnectSockets` ends others as well, and `close` that of `socket.conn`. */
const ENDINGS: ReadonlySet<string> = new Set(['disconnect', 'disconnectSockets', 'close', '_error']);

function bodyOf({ ts }: Project, declaration: ts.Declaration): ts.Node | undefined {
  if (ts.isVariableDeclaration(declaration) || ts.isPropertyDeclaration(declaration)) return declaration.initializer;
  return ts.isFunctionLike(declaration) ? (declaration as ts.FunctionLikeDeclaration).body : undefined;
}

/** Whether something is done that a refused client must not leave behind: state, emits to others. */
function hasEffect(project: Project, root: ts.Node, client: string | null, depth: number): boolean {
  const { ts } = project;
  let found = false;
  walk(project, root, (node) => {
    if (isAssignment(project, node)) found = isState(project, node.left);
    else if (ts.isDeleteExpression(node)) found = isState(project, node.expression);
    else if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
      const steps = node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken;
      found = steps && isState(project, node.operand);
    } else if (ts.isCallExpression(node)) found = hasCallEffect(project, node, client, depth);
    return !found;
  });
  return found;
}

function hasCallEffect(project: Project, call: ts.CallExpression, client: string | null, depth: number): boolean {
  const { ts } = project;
  const { expression: callee } = call;
  if (!ts.isPropertyAccessExpression(callee)) {
    const called = depth === 0 ? null : calledFunction(project, call, client);
    return called !== null && hasEffect(project, called.body, called.client, depth - 1);
  }
  const root = rootOf(project, callee);
  const name = callee.name.text;
  if (ts.isIdentifier(root) && root.text === client) return /\.(?:broadcast|to|in|except)\b/.test(callee.getText());
  if (!isThis(project, root)) return MUTATING.has(name) && isState(project, root);
  if (TELLING.test(name)) return true;
  const called = calledFunction(project, call, client);
  // What is not the project's own can only be judged by its name.
  return called === null || depth === 0
    ? !HARMLESS.test(name)
    : hasEffect(project, called.body, called.client, depth - 1);
}

const MUTATING: ReadonlySet<string> = new Set(['add', 'delete', 'push', 'set', 'splice', 'unshift']);

/** What outlives the method: a member of the class, or a variable of the file such as a map of users. */
function isState(project: Project, node: ts.Node): boolean {
  const { ts } = project;
  const root = rootOf(project, node);
  if (isThis(project, root)) return true;
  const declaration = ts.isIdentifier(root) ? declarationOf(project, root) : undefined;
  return (
    declaration !== undefined &&
    ts.isVariableDeclaration(declaration) &&
    ts.isSourceFile(declaration.parent.parent.parent)
  );
}

/** `this`, or a constant that is it. */
function isThis(project: Project, node: ts.Node): boolean {
  const { ts } = project;
  if (node.kind === ts.SyntaxKind.ThisKeyword) return true;
  const declaration = ts.isIdentifier(node) ? declarationOf(project, node) : undefined;
  return (
    declaration !== undefined &&
    ts.isVariableDeclaration(declaration) &&
    declaration.initializer?.kind === ts.SyntaxKind.ThisKeyword
  );
}

/** `a` of `a.b.c(d).e`. */
function rootOf({ ts }: Project, node: ts.Node): ts.Node {
  let root = node;
  while (
    ts.isPropertyAccessExpression(root) ||
    ts.isElementAccessExpression(root) ||
    ts.isCallExpression(root) ||
    ts.isNonNullExpression(root) ||
    ts.isParenthesizedExpression(root) ||
    ts.isAsExpression(root)
  ) {
    root = root.expression;
  }
  return root;
}

function isAssignment({ ts }: Project, node: ts.Node): node is ts.BinaryExpression {
  if (!ts.isBinaryExpression(node)) return false;
  const { kind } = node.operatorToken;
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

/** Whether what the first statements declare is used by the rest. */
function sharesNames(project: Project, first: readonly ts.Statement[], rest: readonly ts.Statement[]): boolean {
  const { ts } = project;
  const names = new Set<string>();
  for (const statement of first) {
    if (!ts.isVariableStatement(statement) && !ts.isFunctionDeclaration(statement)) continue;
    walk(project, statement, (node) => {
      const isName = ts.isVariableDeclaration(node) || ts.isBindingElement(node) || ts.isFunctionDeclaration(node);
      if (isName && node.name !== undefined && ts.isIdentifier(node.name)) names.add(node.name.text);
    });
  }
  return rest.some((each) => findAll(project, each, ts.isIdentifier).some(({ text }) => names.has(text)));
}

/** A `return` that refuses nobody would skip the rest, which is a method of its own now. */
function refusesWhereItReturns(project: Project, statement: ts.Statement, client: string | null): boolean {
  const { ts } = project;
  return findAll(project, statement, ts.isReturnStatement, { isOwn: true }).every(
    (each) => ts.isBlock(each.parent) && findCheck(project, each.parent, client, DEPTH) !== null,
  );
}
