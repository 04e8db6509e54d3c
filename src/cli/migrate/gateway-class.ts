import type ts from 'typescript';
import { planConnection, type ConnectionPlan } from './connection-check.js';
import { readOptions, type GatewayOptions } from './gateway-options.js';
import { resultOf, writtenEvents, type ResultKind, type WrittenEvent } from './handler-result.js';
import type { Project } from './project.js';
import {
  decoratorsOf,
  declarationOf,
  findAll,
  isFrom,
  originOf,
  superclassOf,
  websocketDecorator,
  type DecoratorCall,
  type ImportOrigin,
} from './syntax.js';

/** A method with `@SubscribeMessage`. */
export interface MessageMethod {
  readonly node: ts.MethodDeclaration;
  readonly decorator: DecoratorCall;
  readonly result: ResultKind;
  /** Its `{ event, data }` results, if they can be emitted where they are returned. */
  readonly events: readonly WrittenEvent[] | null;
  /** Whether it takes the ack function, and so answers by itself. */
  readonly takesAck: boolean;
}

/** Why a class is left as it is. */
export interface Obstacle {
  readonly node: ts.Node;
  readonly text: string;
}

/** A class with `@WebSocketGateway`, as far as its migration needs to know it. */
export interface GatewayClass {
  readonly node: ts.ClassDeclaration;
  readonly file: ts.SourceFile;
  readonly name: string;
  readonly decorator: DecoratorCall;
  readonly options: GatewayOptions | null;
  readonly messages: readonly MessageMethod[];
  readonly servers: readonly ts.PropertyDeclaration[];
  readonly hooks: ReadonlyMap<HookName, ts.MethodDeclaration>;
  readonly connection: ConnectionPlan | null;
  readonly obstacles: readonly Obstacle[];
}

export const HOOKS = ['afterInit', 'handleConnection', 'handleDisconnect'] as const;
export type HookName = (typeof HOOKS)[number];

/** Names of events that a socket has for itself; no client can send them. */
const RESERVED = new Set([
  'connect',
  'connect_error',
  'connection',
  'disconnect',
  'disconnecting',
  'error',
  'newListener',
  'removeListener',
]);

/** Decorators of a class that mean the same with `@Gateway`. */
const KNOWN_CLASS_DECORATORS = new Set([
  'WebSocketGateway',
  'UseGuards',
  'UsePipes',
  'UseFilters',
  'UseInterceptors',
  'Injectable',
  'SetMetadata',
]);

/** All gateways of the project's own classes. */
export function findGateways(project: Project): GatewayClass[] {
  const { ts } = project;
  return project.files.flatMap((file) =>
    findAll(project, file, ts.isClassDeclaration).flatMap((node) => {
      const decorator = websocketDecorator(project, node, 'WebSocketGateway');
      return decorator === undefined ? [] : [readGateway(project, node, decorator)];
    }),
  );
}

function readGateway(project: Project, node: ts.ClassDeclaration, decorator: DecoratorCall): GatewayClass {
  const { ts } = project;
  const obstacles: Obstacle[] = [];
  const options = readOptions(project, decorator);
  if (typeof options === 'string') {
    obstacles.push({ node: decorator.node, text: `${options}: write the namespace and the options in place` });
  }
  const hooks = new Map<HookName, ts.MethodDeclaration>();
  const messages: MessageMethod[] = [];
  const servers: ts.PropertyDeclaration[] = [];
  for (const member of node.members) {
    const name = member.name?.getText();
    const hook = HOOKS.find((each) => each === name);
    const message = websocketDecorator(project, member, 'SubscribeMessage');
    if (websocketDecorator(project, member, 'WebSocketServer') !== undefined) {
      if (ts.isPropertyDeclaration(member)) servers.push(member);
      else obstacles.push({ node: member, text: '@WebSocketServer() is not on a property' });
    } else if (hook !== undefined || message !== undefined) {
      if (!ts.isMethodDeclaration(member) || member.body === undefined || isStatic(project, member)) {
        obstacles.push({ node: member, text: `${name} is not an ordinary method: make it one` });
      } else if (hook !== undefined && message !== undefined) {
        obstacles.push({ node: member, text: `${name} is a hook and handles an event: make it two methods` });
      } else if (hook !== undefined) hooks.set(hook, member);
      else messages.push(readMessage(project, member, message!));
    }
    if (message === undefined) obstacles.push(...composedHandlers(project, member));
  }
  const connects = hooks.get('handleConnection');
  const gateway: GatewayClass = {
    node,
    file: node.getSourceFile(),
    name: node.name?.text ?? 'the class',
    decorator,
    options: typeof options === 'string' ? null : options,
    messages,
    servers,
    hooks,
    connection: connects === undefined ? null : planConnection(project, connects),
    obstacles,
  };
  obstacles.push(
    ...classObstacles(project, gateway),
    ...hookObstacles(project, gateway),
    ...messages.flatMap((message) => messageObstacles(project, gateway, message)),
  );
  return gateway;
}

function readMessage(project: Project, node: ts.MethodDeclaration, decorator: DecoratorCall): MessageMethod {
  const result = resultOf(project, node);
  const takesAck = node.parameters.some((parameter, index) => {
    const decorators = decoratorsOf(project, parameter);
    return decorators.length === 0
      ? index === 2
      : decorators.some(({ origin }) => isFrom(origin, '@nestjs/websockets', 'Ack'));
  });
  const events = result === 'event' ? writtenEvents(project, node) : null;
  return { node, decorator, result, events, takesAck };
}

function classObstacles(project: Project, { node, name, options, hooks, servers }: GatewayClass): Obstacle[] {
  const { ts } = project;
  const obstacles: Obstacle[] = [];
  if (node.name === undefined) obstacles.push({ node, text: 'the class has no name: give it one' });
  for (const { node: decorator, name: own, origin, args } of decoratorsOf(project, node)) {
    const isKnown =
      (isFrom(origin, '@nestjs/common') || isFrom(origin, '@nestjs/websockets')) &&
      KNOWN_CLASS_DECORATORS.has(origin!.name);
    if (!isKnown && mayHoldGuards(project, decorator)) {
      obstacles.push({
        node: decorator,
        text: `@${own} may add guards: replace it with the decorators that it combines`,
      });
    } else if (origin?.name === 'Injectable' && args.length > 0) {
      obstacles.push({ node: decorator, text: "the class has a scope: see @Gateway({ scope: 'connection' })" });
    }
  }
  const base = superclassOf(project, node);
  const superclass = base === undefined ? undefined : declarationOf(project, base);
  if (superclass !== undefined && ts.isClassLike(superclass) && hasGatewayMembers(project, superclass)) {
    obstacles.push({
      node: base!,
      text: `${base!.getText()} has handlers or hooks, which a @Gateway class inherits only if they have decorators of this package: migrate both by hand`,
    });
  }
  if (isExtended(project, node)) obstacles.push({ node, text: `another class extends ${name}: migrate both by hand` });
  for (const property of servers) {
    if (property.initializer !== undefined || isStatic(project, property) || !ts.isIdentifier(property.name))
      obstacles.push({ node: property, text: '@WebSocketServer() is on a property with a value: remove the value' });
  }
  const init = hooks.get('afterInit');
  if (init !== undefined && node.members.some((member) => member.name?.getText() === 'onModuleInit')) {
    obstacles.push({
      node: init,
      text: 'afterInit becomes onModuleInit, which the class already has: move the code of afterInit there',
    });
  }
  if (options !== null && options.namespace !== null && /[`'"]\*[`'"]/.test(options.namespace.getText())) {
    obstacles.push({ node: options.namespace, text: 'the namespace is *' });
  }
  return obstacles;
}

function hookObstacles(project: Project, { hooks }: GatewayClass): Obstacle[] {
  const { ts } = project;
  const obstacles: Obstacle[] = [];
  const connects = hooks.get('handleConnection');
  if (connects !== undefined) {
    if (
      connects.parameters.some(
        ({ dotDotDotToken, name }, index) =>
          index > 0 && dotDotDotToken === undefined && isUsed(project, connects, name),
      )
    )
      obstacles.push({
        node: connects,
        text: 'handleConnection uses a second parameter, which Socket.IO does not pass: remove it',
      });
    const signature = project.checker.getSignatureFromDeclaration(connects);
    const type = signature && project.checker.getReturnTypeOfSignature(signature);
    const awaited = type && (project.checker.getAwaitedType(type) ?? type);
    const parts = awaited?.isUnion() ? awaited.types : [awaited];
    if (parts.some((each) => each !== undefined && each.flags & ts.TypeFlags.BooleanLike))
      obstacles.push({
        node: connects,
        text: 'handleConnection returns a boolean: `false` would refuse the client, remove the value',
      });
  }
  for (const hook of [connects, hooks.get('handleDisconnect')]) {
    for (const parameter of hook?.parameters ?? []) {
      const foreign = decoratorsOf(project, parameter).find(
        ({ origin }) => !isFrom(origin, '@nestjs/websockets', 'ConnectedSocket'),
      );
      if (foreign !== undefined)
        obstacles.push({ node: parameter, text: `Nest ignores @${foreign.name}() here: remove it` });
    }
  }
  for (const hook of [hooks.get('afterInit'), hooks.get('handleDisconnect')]) {
    const guard =
      hook && decoratorsOf(project, hook).find(({ origin }) => isFrom(origin, '@nestjs/common', 'UseGuards'));
    if (guard !== undefined) obstacles.push({ node: guard.node, text: `this guard never runs: remove it` });
  }
  const init = hooks.get('afterInit');
  if (init !== undefined && init.parameters.length > 1)
    obstacles.push({ node: init, text: 'afterInit has one parameter' });
  return obstacles;
}

function messageObstacles(project: Project, gateway: GatewayClass, message: MessageMethod): Obstacle[] {
  const { ts, checker } = project;
  const { node, decorator, result, events, takesAck } = message;
  const name = `${node.name.getText()}()`;
  const obstacles: Obstacle[] = [];
  const add = (text: string, at: ts.Node = node.name): void => void obstacles.push({ node: at, text });
  const all = decoratorsOf(project, node).filter(({ origin }) =>
    isFrom(origin, '@nestjs/websockets', 'SubscribeMessage'),
  );
  if (all.length > 1)
    add(`${name} has several @SubscribeMessage, of which Nest takes the first: write one method for each event`);
  const [event] = decorator.args;
  const type = event && checker.getTypeAtLocation(event);
  if (type === undefined || !(type.flags & ts.TypeFlags.StringLike))
    add(`the event of ${name} is not a string`, decorator.node);
  else if (type.isStringLiteral() && (type.value === '*' || type.value === ''))
    add(`'${type.value}' is the name of an event only in @SubscribeMessage: rename the event`, decorator.node);
  else if (type.isStringLiteral() && RESERVED.has(type.value))
    add(`'${type.value}' is not an event that a client can send: see @OnDisconnect`, decorator.node);
  if (result === 'unclear')
    add(`the result of ${name} may be { event, data }, which its type does not show: declare the return type`);
  if (result === 'stream')
    add(`${name} returns an Observable, each of whose values is sent; @Ack takes the first: emit the others`);
  if (result === 'event' && (events === null || hasInterceptor(project, gateway, node) || !hasBraces(project, events)))
    add(`${name} returns { event, data }: emit it with the socket, and return nothing`);
  if (takesAck && result !== 'nothing') add(`${name} takes the ack function and returns a value: do one of them`);
  const decorated = node.parameters.filter((parameter) => decoratorsOf(project, parameter).length > 0);
  if (decorated.length === 0 && node.parameters.length > 3)
    add(`${name} has more parameters than Nest passes: remove the others`);
  if (decorated.length === 0 && node.parameters.some(({ dotDotDotToken }) => dotDotDotToken !== undefined))
    add(`${name} has a rest parameter: name each parameter`);
  return [...obstacles, ...composedHandlers(project, node)];
}

/** Decorators of the project's own that bind the method to an event. */
function composedHandlers(project: Project, member: ts.ClassElement): Obstacle[] {
  return decoratorsOf(project, member)
    .filter(({ node, origin }) => !isNestOwn(origin) && holdsHandlers(project, node))
    .map(({ node, name }) => ({
      node,
      text: `the decorator @${name} of the project contains @SubscribeMessage: replace it with the decorators that it combines`,
    }));
}

function isNestOwn(origin: ImportOrigin | null): boolean {
  return isFrom(origin, '@nestjs/common') || isFrom(origin, '@nestjs/websockets');
}

/** `return` as the only statement behind an `if` cannot become two statements in its place. */
function hasBraces({ ts }: Project, events: readonly WrittenEvent[]): boolean {
  return events.every(({ statement: { parent } }) => ts.isBlock(parent) || ts.isCaseOrDefaultClause(parent));
}

function hasInterceptor(project: Project, { node }: GatewayClass, method: ts.MethodDeclaration): boolean {
  return [node, method].some((each) =>
    decoratorsOf(project, each).some(({ origin }) => origin?.name === 'UseInterceptors'),
  );
}

function isUsed(project: Project, method: ts.MethodDeclaration, name: ts.BindingName): boolean {
  const { ts } = project;
  return (
    !ts.isIdentifier(name) || findAll(project, method.body!, ts.isIdentifier).some(({ text }) => text === name.text)
  );
}

function isStatic({ ts }: Project, member: ts.ClassElement): boolean {
  return (
    ts.canHaveModifiers(member) &&
    (ts.getModifiers(member) ?? []).some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword)
  );
}

/** Whether a decorator of the project's own, or of an unknown package, may bind guards to the class. */
function mayHoldGuards(project: Project, decorator: ts.Decorator): boolean {
  return sourceOf(project, decorator, /UseGuards|UseInterceptors|WebSocketGateway|\bGateway\b/, true);
}

function holdsHandlers(project: Project, decorator: ts.Decorator): boolean {
  return sourceOf(project, decorator, /SubscribeMessage/, false);
}

function sourceOf(project: Project, { expression }: ts.Decorator, pattern: RegExp, unknown: boolean): boolean {
  const { ts } = project;
  const declaration = declarationOf(project, ts.isCallExpression(expression) ? expression.expression : expression);
  if (declaration === undefined) return unknown;
  const file = declaration.getSourceFile();
  if (!file.isDeclarationFile) return names(project, declaration, pattern);
  return unknown && !/node_modules\/(?:@nestjs|nestjs-|@golevelup)/.test(file.fileName);
}

/** Whether a declaration, or one of the project that it uses, names something; imports may have renamed it. */
function names(project: Project, declaration: ts.Declaration, pattern: RegExp, seen = new Set<ts.Node>()): boolean {
  const { ts } = project;
  if (seen.has(declaration) || declaration.getSourceFile().isDeclarationFile) return false;
  if (!ts.isFunctionLike(declaration) && !ts.isVariableDeclaration(declaration)) return false;
  seen.add(declaration);
  if (pattern.test(declaration.getText())) return true;
  return findAll(project, declaration, ts.isIdentifier).some((identifier) => {
    const origin = originOf(project, identifier);
    if (isNestOwn(origin)) return pattern.test(origin!.name);
    const used = declarationOf(project, identifier);
    return used !== undefined && names(project, used, pattern, seen);
  });
}

function hasGatewayMembers(project: Project, node: ts.ClassLikeDeclaration): boolean {
  const isOwn = node.members.some(
    (member) =>
      HOOKS.some((hook) => hook === member.name?.getText()) ||
      decoratorsOf(project, member).some(({ origin }) => isFrom(origin, '@nestjs/websockets')),
  );
  const base = superclassOf(project, node);
  const superclass = base === undefined ? undefined : declarationOf(project, base);
  return (
    isOwn || (superclass !== undefined && project.ts.isClassLike(superclass) && hasGatewayMembers(project, superclass))
  );
}

function isExtended(project: Project, node: ts.ClassDeclaration): boolean {
  const { ts } = project;
  return project.files.some((file) =>
    findAll(project, file, ts.isClassLike).some((each) => {
      const base = superclassOf(project, each);
      return base !== undefined && base.getText() === node.name?.text && declarationOf(project, base) === node;
    }),
  );
}
