import type ts from 'typescript';
import type { GatewayClass, MessageMethod } from './gateway-class.js';
import type { FileImports } from './imports.js';
import type { Project } from './project.js';
import type { FindingKind } from './report.js';
import type { SourceEdits } from './source-edits.js';
import { decoratorsOf, findAll, indentOf, isFrom, superclassOf, type DecoratorCall } from './syntax.js';

/** Tells what was done, and what changes by it. */
export type Tell = (kind: FindingKind, node: ts.Node, text: string) => void;

/** Interfaces of hooks that a class has no longer. */
const HOOK_INTERFACES = new Set(['NestGateway', 'OnGatewayConnection', 'OnGatewayDisconnect', 'OnGatewayInit']);

/** Decorators that Nest ignores on hooks, and this package does not. */
const ENHANCERS = new Set(['UseFilters', 'UseGuards', 'UseInterceptors', 'UsePipes']);

/** Parameter decorators that stand for the order of Nest's parameters. */
const PARAMETERS = ['ConnectedSocket', 'MessageBody', 'Ack'] as const;

/** Turns one class with `@WebSocketGateway` into one with `@Gateway`. */
export class GatewayRewriter {
  readonly #source: string;
  readonly #namespace: string;
  readonly #property: string;

  constructor(
    private readonly project: Project,
    private readonly gateway: GatewayClass,
    private readonly edits: SourceEdits,
    private readonly imports: FileImports,
    private readonly tell: Tell,
  ) {
    this.#source = gateway.file.text;
    this.#namespace = namespaceOf(gateway);
    this.#property = this.#freeName('websocket');
  }

  rewrite(): void {
    const { decorator, name, messages, servers, hooks } = this.gateway;
    const gateway = this.imports.use('Gateway');
    const argument = this.#namespace === "'/'" ? '' : this.#namespace;
    this.edits.replace(decorator.node.getStart(), decorator.node.end, `@${gateway}(${argument})`);
    this.tell('migrated', decorator.node, `${name}: @WebSocketGateway is @Gateway(${argument})`);
    // Insertions at one place keep their order: a member comes before the decorators of the one behind it.
    if (servers.length > 0 || this.#initUsesServer(hooks.get('afterInit'))) this.#injectWebsocket();
    this.#moveClassEnhancers();
    for (const message of messages) this.#rewriteMessage(message);
    for (const server of servers) this.#rewriteServer(server);
    this.#rewriteHooks();
    this.#rewriteInterfaces();
  }

  #rewriteMessage(message: MessageMethod): void {
    const { node, decorator, result } = message;
    const answers = result === 'value';
    const own = answers ? 'Ack' : 'OnEvent';
    const event = decorator.args[0].getText();
    this.edits.replace(decorator.node.getStart(), decorator.node.end, `@${this.imports.use(own)}(${event})`);
    const method = `${node.name.getText()}()`;
    this.tell('migrated', decorator.node, `${method}: @SubscribeMessage(${event}) is @${own}(${event})`);
    if (message.takesAck) {
      this.tell(
        'change',
        decorator.node,
        `${method} answers with its ack function, within \`ackTimeout\`; if it fails, the ack is the error`,
      );
    } else if (answers) {
      this.tell(
        'change',
        decorator.node,
        `${event}: an error is the ack { status: 'error', message, … } if the client asked for an ack; before, it was an \`exception\` event without an ack`,
      );
    } else {
      this.tell(
        'change',
        decorator.node,
        `${event}: a client that asks for an ack gets an empty one, or the error; before, it got none`,
      );
    }
    this.#decorateParameters(node);
    if (message.events !== null) this.#emitResults(message);
  }

  /** Without decorators Nest gives the socket and the body; here the socket and all arguments. */
  #decorateParameters({ parameters }: ts.MethodDeclaration): void {
    if (parameters.some((parameter) => decoratorsOf(this.project, parameter).length > 0)) return;
    parameters.forEach((parameter, index) => {
      this.edits.insert(parameter.getStart(), `@${this.imports.use(PARAMETERS[index])}() `);
    });
  }

  /** `return { event, data }` becomes the emit that Nest made of it. */
  #emitResults({ node, events }: MessageMethod): void {
    const { ts } = this.project;
    const socket = this.#socketOf(node);
    const last = node.body!.statements.at(-1);
    for (const { statement, event, data } of events!) {
      const emit = `${socket}.emit(${event}, ${data});`;
      const indent = indentOf(this.#source, statement.getStart());
      this.edits.replace(statement.getStart(), statement.end, statement === last ? emit : `${emit}\n${indent}return;`);
      this.tell('migrated', statement, `${node.name.getText()}(): { event, data } is emitted`);
    }
    if (node.type === undefined) return;
    const isAsync = (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword);
    this.edits.replace(node.type.getStart(), node.type.end, isAsync ? 'Promise<void>' : 'void');
  }

  /** The parameter that is the socket; added if there is none. */
  #socketOf(node: ts.MethodDeclaration): string {
    const { ts } = this.project;
    const decorated = node.parameters.some((parameter) => decoratorsOf(this.project, parameter).length > 0);
    const present = decorated
      ? node.parameters.find((parameter) =>
          decoratorsOf(this.project, parameter).some(
            ({ origin, args }) => isFrom(origin, '@nestjs/websockets', 'ConnectedSocket') && args.length === 0,
          ),
        )
      : node.parameters[0];
    if (present !== undefined && ts.isIdentifier(present.name)) return present.name.text;
    const names = new Set(findAll(this.project, node, ts.isIdentifier).map(({ text }) => text));
    const name = ['socket', 'client', 'connectedSocket'].find((each) => !names.has(each)) ?? 'socketOfEvent';
    const parameter = `@${this.imports.use('ConnectedSocket')}() ${name}: ${this.imports.use('Socket')}`;
    const last = node.parameters.at(-1);
    if (last !== undefined) this.edits.insert(last.end, `, ${parameter}`);
    else this.edits.insert(node.parameters.pos, parameter);
    return name;
  }

  /** Guards of the class would decide about connections as well, interceptors would see hooks: they go to the methods. */
  #moveClassEnhancers(): void {
    const { node, messages, hooks } = this.gateway;
    for (const decorator of decoratorsOf(this.project, node)) {
      const { name } = decorator.origin ?? {};
      if (!isFrom(decorator.origin, '@nestjs/common') || decorator.args.length === 0) continue;
      const isMoved = name === 'UseGuards' || (name === 'UseInterceptors' && hooks.size > 0);
      if (!isMoved) continue;
      this.edits.removeLines(this.#source, decorator.node.getStart(), decorator.node.end);
      for (const message of messages) this.#bindBefore(message, decorator);
      this.tell(
        'migrated',
        decorator.node,
        `@${name} is now on each method that handles an event, the only place where Nest applied it`,
      );
      if (name === 'UseGuards') {
        this.tell(
          'todo',
          decorator.node,
          `put @UseGuards back on the class if these guards are to decide about connections as well`,
        );
      }
    }
  }

  /** What is bound to the class runs before what is bound to the method. */
  #bindBefore({ node, decorator }: MessageMethod, enhancer: DecoratorCall): void {
    const text = enhancer.args.map((each) => each.getText()).join(', ');
    const same = decoratorsOf(this.project, node).filter(({ origin }) => origin?.name === enhancer.origin!.name);
    const first = same.at(-1)?.args[0];
    if (first !== undefined) this.edits.insert(first.getStart(), `${text}, `);
    else
      this.edits.insert(
        decorator.node.getStart(),
        `@${enhancer.name}(${text})\n${indentOf(this.#source, decorator.node.getStart())}`,
      );
  }

  #injectWebsocket(): void {
    const { ts } = this.project;
    const { node } = this.gateway;
    const type = `${this.imports.use('Websocket')}${this.#typeArguments()}`;
    const declaration = `private readonly ${this.#property}: ${type}`;
    const constructor = node.members.find(ts.isConstructorDeclaration);
    const hasOpenEnd = constructor?.parameters.some(
      ({ questionToken, initializer, dotDotDotToken }) => questionToken ?? initializer ?? dotDotDotToken,
    );
    const first = node.members[0];
    const indent = first === undefined ? '  ' : indentOf(this.#source, first.getStart());
    if (constructor === undefined ? superclassOf(this.project, node) !== undefined : hasOpenEnd) {
      const inject = this.imports.use('Inject', '@nestjs/common');
      this.#insertMember(first, `@${inject}(${this.imports.use('Websocket')})\n${indent}${declaration};\n\n${indent}`);
    } else if (constructor === undefined) {
      const firstMethod = node.members.find((member) => !ts.isPropertyDeclaration(member)) ?? undefined;
      this.#insertMember(firstMethod, `constructor(${declaration}) {}\n\n${indent}`);
    } else this.#addParameter(constructor, declaration);
  }

  #insertMember(before: ts.ClassElement | undefined, text: string): void {
    if (before !== undefined) this.edits.insert(before.getStart(this.gateway.file, true), text);
    else this.edits.insert(this.gateway.node.end - 1, `\n  ${text.trimEnd()}\n`);
  }

  #addParameter({ parameters }: ts.ConstructorDeclaration, declaration: string): void {
    const last = parameters.at(-1);
    if (last === undefined) {
      this.edits.insert(parameters.pos, declaration);
      return;
    }
    const isMultiline = this.#source.slice(parameters.pos, last.getStart()).includes('\n');
    const separator = isMultiline ? `,\n${indentOf(this.#source, last.getStart())}` : ', ';
    this.edits.insert(last.end, `${separator}${declaration}`);
  }

  /** Of the `Server<…>` that the class declares: what is emitted, and `socket.data`. */
  #typeArguments(): string {
    const { ts } = this.project;
    for (const { type } of this.gateway.servers) {
      if (type === undefined || !ts.isTypeReferenceNode(type) || type.typeArguments === undefined) continue;
      const [listen, emit = listen, , data] = type.typeArguments.map((each) => each.getText());
      return data === undefined ? `<${emit}>` : `<${emit}, ${data}>`;
    }
    return '';
  }

  /** The property becomes a getter, so that all that uses it goes on. */
  #rewriteServer(property: ts.PropertyDeclaration): void {
    const { ts } = this.project;
    const modifiers = (ts.getModifiers(property) ?? [])
      .filter(({ kind }) => kind !== ts.SyntaxKind.ReadonlyKeyword && kind !== ts.SyntaxKind.DeclareKeyword)
      .map((each) => `${each.getText()} `)
      .join('');
    const indent = indentOf(this.#source, property.getStart());
    const getter = `${modifiers}get ${property.name.getText()}() {\n${indent}  return ${this.#target()};\n${indent}}`;
    this.edits.replace(property.getStart(), property.end, getter);
    this.tell(
      'migrated',
      property,
      `${property.name.getText()}: @WebSocketServer() is ${this.#target()} of the injected Websocket`,
    );
  }

  #target(): string {
    const websocket = `this.${this.#property}`;
    return this.#namespace === "'/'" ? `${websocket}.server` : `${websocket}.of(${this.#namespace})`;
  }

  #rewriteHooks(): void {
    const { hooks } = this.gateway;
    const init = hooks.get('afterInit');
    if (init !== undefined) this.#rewriteInit(init);
    const connects = hooks.get('handleConnection');
    if (connects !== undefined) this.#rewriteConnection(connects);
    const disconnects = hooks.get('handleDisconnect');
    if (disconnects !== undefined) this.#decorate(disconnects, 'OnDisconnect');
  }

  #rewriteInit(method: ts.MethodDeclaration): void {
    this.edits.replace(method.name.getStart(), method.name.end, 'onModuleInit');
    const [parameter] = method.parameters;
    if (parameter !== undefined) {
      this.edits.replace(parameter.getStart(), parameter.end, '');
      if (this.#initUsesServer(method)) {
        const indent = indentOf(this.#source, method.getStart());
        const name = parameter.name.getText();
        this.edits.insert(method.body!.getStart() + 1, `\n${indent}  const ${name} = ${this.#target()};`);
      }
    }
    this.tell(
      'migrated',
      method.name,
      'afterInit() is now onModuleInit(), which Nest calls before clients can connect',
    );
  }

  #initUsesServer(init: ts.MethodDeclaration | undefined): boolean {
    const { ts } = this.project;
    const name = init?.parameters[0]?.name;
    if (name === undefined) return false;
    return (
      !ts.isIdentifier(name) ||
      findAll(this.project, init!.body!, ts.isIdentifier).some(({ text }) => text === name.text)
    );
  }

  #rewriteConnection(method: ts.MethodDeclaration): void {
    const plan = this.gateway.connection!;
    this.#tellOfEnhancers(method);
    switch (plan.kind) {
      case 'connect':
        this.#decorate(method, 'OnConnect');
        this.tell(
          'change',
          method.name,
          'events of a client wait until handleConnection() has settled, at most `connectTimeout`; an error in it ends the connection',
        );
        break;
      case 'handshake':
        this.#decorate(method, 'OnHandshake');
        this.#tellOfRefusal(method);
        break;
      case 'split':
        this.#split(method, plan.rest);
        this.#tellOfRefusal(method);
        break;
      case 'mixed':
        this.#decorate(method, 'OnConnect');
        this.tell(
          'todo',
          plan.check,
          'handleConnection() refuses clients here, and does more than that: it runs as @OnConnect, after the CONNECT reply and before any event. ' +
            'Move the code that decides to a method with @OnHandshake(), so that a refused client is never connected',
        );
        break;
    }
  }

  /** Nest binds none of them to a hook. */
  #tellOfEnhancers(method: ts.MethodDeclaration): void {
    const name = method.name.getText();
    for (const decorator of decoratorsOf(this.project, method)) {
      const own = decorator.origin?.name ?? '';
      if (!isFrom(decorator.origin, '@nestjs/common') || !ENHANCERS.has(own)) continue;
      if (own === 'UseGuards')
        this.tell(
          'todo',
          decorator.node,
          `${decorator.node.getText()} on ${name}() now decides about connections; Nest did not run it. ` +
            'A connection has no message: make sure that the guard needs neither getData() nor getPattern(), or remove it',
        );
      else
        this.tell('change', decorator.node, `${decorator.node.getText()} on ${name}() now runs; Nest did not run it`);
    }
  }

  #tellOfRefusal(method: ts.MethodDeclaration): void {
    this.tell(
      'change',
      method.name,
      'a client that handleConnection() refuses gets `connect_error` and is never connected; before, it got `connect` and `disconnect`. ' +
        'Events that were emitted to it do not arrive: throw a SocketIoException to tell it why',
    );
  }

  #decorate(method: ts.MethodDeclaration, name: 'OnConnect' | 'OnDisconnect' | 'OnHandshake'): void {
    const start = method.getStart(this.gateway.file);
    this.edits.insert(start, `@${this.imports.use(name)}()\n${indentOf(this.#source, start)}`);
    this.tell('migrated', method.name, `${method.name.getText()}() is @${name}()`);
  }

  /** What decides becomes a method of its own, above the rest of it. */
  #split(method: ts.MethodDeclaration, rest: ts.Statement): void {
    const { body } = method;
    const source = this.#source;
    const start = method.getStart(this.gateway.file);
    const indent = indentOf(source, start);
    const name = this.#freeName('authenticate');
    const header = source.slice(start, method.name.getStart());
    const parameters = source.slice(method.name.end, body!.getStart());
    const cut = rest.getFullStart();
    const check = source.slice(body!.getStart(), cut).trimEnd();
    this.edits.insert(
      start,
      `@${this.imports.use('OnHandshake')}()\n${indent}${header}${name}${parameters}${check}\n${indent}}\n\n` +
        `${indent}@${this.imports.use('OnConnect')}()\n${indent}`,
    );
    // The blank line between the two parts would be the first of the second.
    const blank = /^[ \t]*\r?\n(?=[ \t]*\r?\n)/.exec(source.slice(cut))?.[0].length ?? 0;
    this.edits.replace(body!.getStart() + 1, cut + blank, '');
    this.tell(
      'migrated',
      method.name,
      `handleConnection() is ${name}() with @OnHandshake(), which decides, and handleConnection() with @OnConnect()`,
    );
  }

  #rewriteInterfaces(): void {
    const { ts } = this.project;
    const { node, hooks } = this.gateway;
    const clause = node.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ImplementsKeyword);
    const needed = hooks.has('afterInit') ? [this.imports.use('OnModuleInit', '@nestjs/common')] : [];
    const present = clause?.types ?? [];
    const kept = present.filter(({ expression }) => !HOOK_INTERFACES.has(expression.getText()));
    const names = [...kept.map((each) => each.getText()), ...needed];
    if (clause === undefined) {
      if (needed.length === 0) return;
      const end = node.heritageClauses?.at(-1)?.end ?? node.typeParameters?.end ?? node.name!.end;
      this.edits.insert(end, ` implements ${names.join(', ')}`);
    } else if (kept.length < present.length || needed.length > 0) {
      if (names.length > 0) this.edits.replace(clause.getStart(), clause.end, `implements ${names.join(', ')}`);
      else this.edits.replace(clause.getFullStart(), clause.end, '');
    }
  }

  #freeName(name: string): string {
    const { ts } = this.project;
    const { node } = this.gateway;
    const names = new Set(node.members.map((member) => member.name?.getText()));
    const constructor = node.members.find(ts.isConstructorDeclaration);
    for (const parameter of constructor?.parameters ?? []) names.add(parameter.name.getText());
    let free = name;
    for (let number = 2; names.has(free); number++) free = `${name}${number}`;
    return free;
  }
}

/** The namespace as it is written in code, with a slash in front. */
export function namespaceOf({ options }: GatewayClass): string {
  const text = options?.namespace?.getText();
  if (text === undefined) return "'/'";
  const quoted = /^(['"`])(.*)\1$/.exec(text);
  if (quoted === null) return text;
  const [, quote, name] = quoted;
  if (name === '' || name === '/') return "'/'";
  return name.startsWith('/') || name.startsWith('$') ? text : `${quote}/${name}${quote}`;
}
