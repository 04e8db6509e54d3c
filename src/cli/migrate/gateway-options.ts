import path from 'node:path';
import type ts from 'typescript';
import { declarationOf, unwrap, walk, type DecoratorCall } from './syntax.js';
import type { Project } from './project.js';

/** What `@WebSocketGateway(port?, options?)` says, as it is written. */
export interface GatewayOptions {
  readonly port: ts.Expression | null;
  readonly namespace: ts.Expression | null;
  /** Options of the server, by name. */
  readonly server: ReadonlyMap<string, ts.Expression>;
}

/** A name that an expression needs where it is moved to. */
export interface NeededImport {
  readonly name: string;
  /** A package, or the path of a file. */
  readonly module: string;
  readonly isFile: boolean;
}

/** The options of a decorator, or why they cannot be read. */
export function readOptions(project: Project, { args }: DecoratorCall): GatewayOptions | string {
  const { ts, checker } = project;
  const [first, second] = args;
  const isPort = first !== undefined && isNumber(project, first);
  const given = isPort || args.length > 1 ? second : first;
  if (args.length > 1 && !isPort) return 'its port is not a number';
  const server = new Map<string, ts.Expression>();
  let namespace: ts.Expression | null = null;
  if (given !== undefined) {
    const literal = literalOf(project, given);
    if (literal === null) return 'its options are not written as an object';
    for (const property of literal.properties) {
      const isNamed =
        ts.isPropertyAssignment(property) && (ts.isIdentifier(property.name) || ts.isStringLiteral(property.name));
      if (!isNamed) return `its option ${property.getText()} is not written as name and value`;
      const { text } = property.name as ts.Identifier | ts.StringLiteral;
      if (text === 'namespace') namespace = property.initializer;
      else server.set(text, property.initializer);
    }
  }
  if (namespace !== null) {
    const { flags } = checker.getTypeAtLocation(namespace);
    if (!(flags & ts.TypeFlags.StringLike)) return 'its namespace is not a string';
  }
  return { port: isPort && first.getText() !== '0' ? first : null, namespace, server };
}

function isNumber({ ts, checker }: Project, node: ts.Expression): boolean {
  return (checker.getTypeAtLocation(node).flags & ts.TypeFlags.NumberLike) !== 0;
}

/** An object that is written out, in the decorator or as a constant of the project. */
function literalOf(project: Project, node: ts.Expression): ts.ObjectLiteralExpression | null {
  const { ts } = project;
  const inner = unwrap(project, node);
  if (ts.isObjectLiteralExpression(inner)) return inner;
  if (!ts.isIdentifier(inner)) return null;
  const declaration = declarationOf(project, inner);
  const isConstant =
    declaration !== undefined &&
    ts.isVariableDeclaration(declaration) &&
    declaration.initializer !== undefined &&
    (ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const) !== 0;
  return isConstant ? literalOf(project, declaration.initializer) : null;
}

/** What an expression needs in another file, or null if it cannot be moved there. */
export function importsOf(project: Project, expression: ts.Expression): NeededImport[] | null {
  const { ts, checker } = project;
  const needed: NeededImport[] = [];
  let isMovable = true;
  walk(project, expression, (node) => {
    if (node.kind === ts.SyntaxKind.ThisKeyword) isMovable = false;
    if (!ts.isIdentifier(node) || !isReference(project, node)) return isMovable;
    const symbol = ts.isShorthandPropertyAssignment(node.parent)
      ? checker.getShorthandAssignmentValueSymbol(node.parent)
      : checker.getSymbolAtLocation(node);
    const declaration = symbol?.declarations?.[0];
    if (declaration === undefined) {
      isMovable &&= node.text === 'undefined';
    } else if (isInside(declaration, expression)) {
      return true;
    } else {
      const found = importFor(project, node.text, declaration, expression.getSourceFile());
      if (found === null) isMovable = false;
      else if (found !== 'global') needed.push(found);
    }
    return isMovable;
  });
  return isMovable ? needed : null;
}

function importFor(
  { ts }: Project,
  name: string,
  declaration: ts.Declaration,
  file: ts.SourceFile,
): NeededImport | 'global' | null {
  if (declaration.getSourceFile() !== file) return declaration.getSourceFile().isDeclarationFile ? 'global' : null;
  if (ts.isImportSpecifier(declaration)) {
    if (declaration.propertyName !== undefined) return null;
    const { moduleSpecifier } = declaration.parent.parent.parent;
    if (!ts.isStringLiteral(moduleSpecifier)) return null;
    const { text } = moduleSpecifier;
    if (!text.startsWith('.')) return { name, module: text, isFile: false };
    return { name, module: path.resolve(path.dirname(file.fileName), text), isFile: true };
  }
  const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  const isExported =
    ts.canHaveModifiers(statement) &&
    (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
  return isExported ? { name, module: file.fileName.replace(/\.[cm]?ts$/, ''), isFile: true } : null;
}

function isReference({ ts }: Project, { parent, ...rest }: ts.Identifier): boolean {
  const node = parent as ts.Node & { name?: ts.Node };
  if (ts.isPropertyAccessExpression(parent)) return parent.name.pos !== rest.pos;
  return !(ts.isPropertyAssignment(parent) && node.name?.pos === rest.pos);
}

function isInside(node: ts.Node, outer: ts.Node): boolean {
  return node.getSourceFile() === outer.getSourceFile() && node.pos >= outer.pos && node.end <= outer.end;
}

/** The module specifier for a file, seen from another one, in the style of the project. */
export function specifierFor(from: string, target: string, extension: string): string {
  const relative = path.relative(path.dirname(from), target).replaceAll(path.sep, '/');
  const specifier = relative.startsWith('.') ? relative : `./${relative}`;
  return /\.[cm]?js$/.test(specifier) ? specifier : `${specifier}${extension}`;
}
