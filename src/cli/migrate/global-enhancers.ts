import type ts from 'typescript';
import { installedVersion, type Project } from './project.js';
import { declarationOf, findAll, isFrom, originOf } from './syntax.js';

export type EnhancerKind = 'guard' | 'pipe' | 'interceptor' | 'filter';

/** A guard, pipe, interceptor or filter that is bound to the whole application. */
export interface GlobalEnhancer {
  readonly kind: EnhancerKind;
  readonly node: ts.Node;
  readonly name: string;
  /** Whether it looks at what it is asked about, so that it is made for more than HTTP. */
  readonly isAware: boolean;
}

const METHODS: ReadonlyMap<string, EnhancerKind> = new Map([
  ['useGlobalGuards', 'guard'],
  ['useGlobalPipes', 'pipe'],
  ['useGlobalInterceptors', 'interceptor'],
  ['useGlobalFilters', 'filter'],
]);

const TOKENS: ReadonlyMap<string, EnhancerKind> = new Map([
  ['APP_GUARD', 'guard'],
  ['APP_PIPE', 'pipe'],
  ['APP_INTERCEPTOR', 'interceptor'],
  ['APP_FILTER', 'filter'],
]);

/** Of Nest, and made for every kind of context. */
const AWARE = new Set(['ClassSerializerInterceptor', 'ValidationPipe', 'StandardSchemaValidationPipe']);

/** Those that do not reach gateways today, and will reach handlers of this package. */
export function newGlobalEnhancers(project: Project): GlobalEnhancer[] {
  const version = installedVersion(project.root, '@nestjs/core');
  const reachesGateways = version !== null && Number.parseInt(version, 10) >= 12;
  return findEnhancers(project).filter(({ kind }) => !reachesGateways || kind === 'filter');
}

function findEnhancers(project: Project): GlobalEnhancer[] {
  const { ts } = project;
  const found: GlobalEnhancer[] = [];
  for (const file of project.files) {
    if (/\.(?:spec|test|e2e-spec)\.[cm]?ts$/.test(file.fileName)) continue;
    for (const call of findAll(project, file, ts.isCallExpression)) {
      const kind = ts.isPropertyAccessExpression(call.expression) ? METHODS.get(call.expression.name.text) : undefined;
      if (kind !== undefined) for (const argument of call.arguments) found.push(describe(project, kind, argument));
    }
    for (const provider of findAll(project, file, ts.isObjectLiteralExpression)) {
      const token = valueOf(project, provider, 'provide');
      const kind = token && isFrom(originOf(project, token), '@nestjs/core') ? TOKENS.get(token.getText()) : undefined;
      if (kind === undefined) continue;
      const value = ['useClass', 'useExisting', 'useValue', 'useFactory'].map((name) =>
        valueOf(project, provider, name),
      );
      found.push(describe(project, kind, value.find((each) => each !== undefined) ?? provider));
    }
  }
  return found;
}

function describe(project: Project, kind: EnhancerKind, value: ts.Expression): GlobalEnhancer {
  const { ts } = project;
  const expression = ts.isNewExpression(value) ? value.expression : value;
  const name = ts.isIdentifier(expression) ? expression.text : kind;
  const declaration = ts.isIdentifier(expression) ? declarationOf(project, expression) : undefined;
  const isOwn = declaration !== undefined && !declaration.getSourceFile().isDeclarationFile;
  const isAware = AWARE.has(name) || (isOwn && /\bgetType\b|\bswitchToWs\b/.test(declaration.getText()));
  return { kind, node: value, name, isAware };
}

function valueOf({ ts }: Project, literal: ts.ObjectLiteralExpression, name: string): ts.Expression | undefined {
  const property = literal.properties.find((each) => each.name?.getText() === name);
  return property !== undefined && ts.isPropertyAssignment(property) ? property.initializer : undefined;
}
