import type ts from 'typescript';
import type { Project } from './project.js';

/** Where an identifier was imported from. */
export interface ImportOrigin {
  readonly module: string;
  /** The exported name. */
  readonly name: string;
}

export interface DecoratorCall {
  readonly node: ts.Decorator;
  readonly origin: ImportOrigin | null;
  /** The name as it is written. */
  readonly name: string;
  readonly args: readonly ts.Expression[];
}

/** Where an identifier comes from, or null if it is not imported by name. */
export function originOf({ ts, checker }: Project, node: ts.Node): ImportOrigin | null {
  if (!ts.isIdentifier(node)) return null;
  const declaration = checker.getSymbolAtLocation(node)?.declarations?.[0];
  if (declaration === undefined || !ts.isImportSpecifier(declaration)) return null;
  const specifier = declaration.parent.parent.parent.moduleSpecifier;
  if (!ts.isStringLiteral(specifier)) return null;
  return { module: specifier.text, name: (declaration.propertyName ?? declaration.name).text };
}

export function isFrom(origin: ImportOrigin | null, module: string, name?: string): boolean {
  return origin !== null && isModule(origin.module, module) && (name === undefined || origin.name === name);
}

/** Whether a module is a package, or lies in it. */
export function isModule(module: string, name: string): boolean {
  return module === name || module.startsWith(`${name}/`);
}

export function decoratorsOf(project: Project, node: ts.Node): DecoratorCall[] {
  const { ts } = project;
  if (!ts.canHaveDecorators(node)) return [];
  return (ts.getDecorators(node) ?? []).map((decorator) => {
    const { expression } = decorator;
    const callee = ts.isCallExpression(expression) ? expression.expression : expression;
    return {
      node: decorator,
      origin: originOf(project, callee),
      name: callee.getText(),
      args: ts.isCallExpression(expression) ? [...expression.arguments] : [],
    };
  });
}

/** The decorator of `@nestjs/websockets` with this name, if a node has it. */
export function websocketDecorator(project: Project, node: ts.Node, name: string): DecoratorCall | undefined {
  return decoratorsOf(project, node).find(({ origin }) => isFrom(origin, '@nestjs/websockets', name));
}

export function nestDecorator(project: Project, node: ts.Node, name: string): DecoratorCall | undefined {
  return decoratorsOf(project, node).find(({ origin }) => isFrom(origin, '@nestjs/common', name));
}

/** Calls `visit` for a node and everything in it; false ends the descent. */
export function walk({ ts }: Pick<Project, 'ts'>, node: ts.Node, visit: (node: ts.Node) => boolean | void): void {
  if (visit(node) === false) return;
  ts.forEachChild(node, (child) => walk({ ts }, child, visit));
}

/** All nodes of a kind in a node, those of nested functions included unless `isOwn` is set. */
export function findAll<T extends ts.Node>(
  project: Pick<Project, 'ts'>,
  node: ts.Node,
  is: (node: ts.Node) => node is T,
  { isOwn = false } = {},
): T[] {
  const found: T[] = [];
  walk(project, node, (each) => {
    if (is(each)) found.push(each);
    return !(isOwn && each !== node && project.ts.isFunctionLike(each));
  });
  return found;
}

/** The class, function or value that an expression names, behind its imports. */
export function declarationOf({ ts, checker }: Project, node: ts.Node): ts.Declaration | undefined {
  let symbol = checker.getSymbolAtLocation(node);
  if (symbol !== undefined && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
  return symbol?.valueDeclaration ?? symbol?.declarations?.[0];
}

/** An expression without `as`, `satisfies` and parentheses. */
export function unwrap({ ts }: Pick<Project, 'ts'>, node: ts.Expression): ts.Expression {
  let inner = node;
  while (ts.isAsExpression(inner) || ts.isSatisfiesExpression(inner) || ts.isParenthesizedExpression(inner)) {
    inner = inner.expression;
  }
  return inner;
}

/** What a class is derived from, or undefined. */
export function superclassOf({ ts }: Pick<Project, 'ts'>, node: ts.ClassLikeDeclaration): ts.Expression | undefined {
  return node.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)?.types[0].expression;
}

/** The whitespace before the first thing on a node's line. */
export function indentOf(source: string, position: number): string {
  const lineStart = source.lastIndexOf('\n', position - 1) + 1;
  return /^[ \t]*/.exec(source.slice(lineStart, position))![0];
}

/** Line and column as editors count them. */
export function positionIn(file: ts.SourceFile, position: number): string {
  const { line, character } = file.getLineAndCharacterOfPosition(position);
  return `${line + 1}:${character + 1}`;
}
