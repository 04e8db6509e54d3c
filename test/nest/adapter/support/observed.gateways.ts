/** Gateways as applications write them, for what `IoAdapter` and `SocketIoAdapter` make of the same class. */
import {
  ArgumentsHost,
  CanActivate,
  Catch,
  ExceptionFilter,
  ExecutionContext,
  ForbiddenException,
  Inject,
  Injectable,
  NestInterceptor,
  ParseIntPipe,
  PipeTransform,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  createParamDecorator,
  type ArgumentMetadata,
  type CallHandler,
  type Type,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  BaseWsExceptionFilter,
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
  WsException,
} from '@nestjs/websockets';
import { EMPTY, Observable, concat, from, of, throwError } from 'rxjs';
import { map } from 'rxjs/operators';
import { Ack } from '../../../../src/index.js';

/** The part of a socket that both servers have. */
interface AnySocket {
  readonly id: string;
  readonly rooms: Set<string>;
  emit(event: string, ...args: unknown[]): boolean;
}
type AckFunction = (...args: unknown[]) => void;

/** What a gateway notes for the test. */
export class Notes {
  readonly lines: unknown[] = [];
}

/** A turn of the loop later. */
function later<T>(value: T): Promise<T> {
  return new Promise((resolve) => setImmediate(resolve, value));
}

const RESULTS: Record<string, () => unknown> = {
  undefined: () => undefined,
  null: () => null,
  zero: () => 0,
  'empty string': () => '',
  false: () => false,
  text: () => 'text',
  list: () => [1, [2]],
  object: () => ({ a: 1 }),
  'an object with an event and no data': () => ({ event: 'answer' }),
  'an object with an empty event': () => ({ event: '', data: 1 }),
  WsResponse: () => ({ event: 'answer', data: { a: 1 } }),
  'WsResponse with more': () => ({ event: 'answer', data: 1, extra: 2 }),
  buffer: () => Buffer.from('bytes'),
  'a promise': () => later('later'),
  'a promise of undefined': () => later(undefined),
  'a promise of null': () => later(null),
  'a promise of WsResponse': () => later({ event: 'answer', data: 1 }),
  'an Observable of one': () => of('one'),
  'an Observable of three': () => from([1, 2, 3]),
  'an Observable of null, then one': () => from([null, 1]),
  'an Observable of undefined, then one': () => from([undefined, 1]),
  'an Observable of undefined': () => of(undefined),
  'an Observable of three WsResponses': () => from([1, 2, 3]).pipe(map((data) => ({ event: 'answer', data }))),
  'an Observable of a WsResponse, then one': () => from([{ event: 'answer', data: 1 }, 2]),
  'an empty Observable': () => EMPTY,
  'a promise of an Observable': () => later(from([1, 2])),
  'an Observable that fails at once': () => throwError(() => new WsException('broken')),
  'an Observable that fails after one': () =>
    concat(
      of(1),
      throwError(() => new WsException('broken')),
    ),
  'an emit, then a WsResponse': () => ({ event: 'answer', data: 'second' }),
};

const FAILURES: Record<string, () => unknown> = {
  'WsException with text': () => new WsException('no'),
  'WsException with an object': () => new WsException({ reason: 'no', code: 7 }),
  'an HttpException': () => new ForbiddenException('no'),
  'an Error': () => new Error('secret'),
  'a string': () => 'secret',
};

export const RESULT_NAMES = Object.keys(RESULTS);
export const FAILURE_NAMES = Object.keys(FAILURES);

export const Extra = createParamDecorator((data: unknown, context: ExecutionContext) => {
  const host = context.switchToWs();
  return [data, context.getType(), host.getPattern(), host.getData<unknown>()];
});

/** Lets in who does not say no. */
@Injectable()
class PoliteGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToWs().getData<unknown>() !== 'no';
  }
}

@Injectable()
class ThrowingGuard implements CanActivate {
  canActivate(): boolean {
    throw new WsException('guarded');
  }
}

@Injectable()
class AsyncGuard implements CanActivate {
  canActivate(context: ExecutionContext): Promise<boolean> {
    return later(context.switchToWs().getData<unknown>() !== 'no');
  }
}

@Injectable()
class WrappingInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { name } = context.getClass();
    return next.handle().pipe(map((value: unknown) => ({ by: name, handler: context.getHandler().name, value })));
  }
}

/** Tells of what it was asked to transform. */
class TellingPipe implements PipeTransform {
  transform(value: unknown, { type, data, metatype }: ArgumentMetadata): unknown {
    return type === 'body' ? { value, type, data, metatype: metatype?.name } : value;
  }
}

/** Notes, in the list that is the message, who looks at what. */
class NotingPipe implements PipeTransform {
  constructor(private readonly name: string) {}

  transform(value: unknown, { type, data }: ArgumentMetadata): unknown {
    pipeNotes.push(`${this.name}: ${type} ${String(data)}`);
    return value;
  }
}

const pipeNotes: string[] = [];

@Catch(WsException)
class SilentFilter implements ExceptionFilter {
  catch(exception: WsException, host: ArgumentsHost): void {
    const client = host.switchToWs().getClient<AnySocket>();
    client.emit('filtered', exception.message, host.getType(), host.getArgByIndex(1));
  }
}

@Catch()
class InheritingFilter extends BaseWsExceptionFilter {
  override catch(exception: unknown, host: ArgumentsHost): void {
    // oxlint-disable-next-line promise/valid-params -- a filter's, not a promise's
    super.catch(exception instanceof ForbiddenException ? new WsException('mapped') : exception, host);
  }
}

@WebSocketGateway()
export class ObservedGateway {
  @WebSocketServer() server!: object;

  constructor(private readonly notes: Notes) {}

  afterInit(server: object): void {
    this.notes.lines.push(['afterInit', typeof (server as { of?: unknown }).of, server === this.server]);
  }

  handleConnection(client: AnySocket, ...more: unknown[]): void {
    this.notes.lines.push(['connection', typeof client.id, more.length]);
    client.emit('welcome', client.rooms.has(client.id));
  }

  handleDisconnect(client: AnySocket, reason: unknown): void {
    this.notes.lines.push(['disconnect', typeof client.id, reason]);
  }

  @SubscribeMessage('fence')
  async fence(): Promise<string> {
    for (let turn = 0; turn < 10; turn++) await later(turn);
    return 'fence';
  }

  @SubscribeMessage('plain')
  plain(client: AnySocket, data: unknown): unknown {
    return [typeof client.id, data === undefined ? 'undefined' : data];
  }

  @SubscribeMessage('third')
  third(_client: AnySocket, _data: unknown, ack: unknown): string {
    return typeof ack;
  }

  @SubscribeMessage('body')
  body(@MessageBody() data: unknown): unknown {
    return [data === undefined ? 'undefined' : data];
  }

  @SubscribeMessage('parameters')
  parameters(
    @MessageBody('a') a: unknown,
    @ConnectedSocket() client: AnySocket,
    _undecorated: unknown,
    @Extra('given') extra: unknown,
    @MessageBody('b', ParseIntPipe) b: number,
  ): unknown {
    return [a, typeof client.id, extra, b];
  }

  @SubscribeMessage('manual')
  manual(@MessageBody() data: unknown, @Ack() ack: AckFunction | undefined): unknown {
    ack?.('by hand', data);
    return 'returned';
  }

  @SubscribeMessage('manual and emits')
  manualAndEmits(@Ack() ack: AckFunction | undefined): unknown {
    setImmediate(() => ack?.('by hand'));
    return { event: 'answer', data: 1 };
  }

  @SubscribeMessage('result')
  result(@MessageBody() name: string, @ConnectedSocket() client: AnySocket): unknown {
    if (name === 'an emit, then a WsResponse') client.emit('answer', 'first');
    return RESULTS[name]();
  }

  @UseInterceptors(WrappingInterceptor)
  @SubscribeMessage('intercepted')
  intercepted(@MessageBody() name: string): unknown {
    return RESULTS[name]();
  }

  @SubscribeMessage('throws')
  throws(@MessageBody() name: string): unknown {
    throw FAILURES[name]();
  }

  @SubscribeMessage('rejects')
  async rejects(@MessageBody() name: string): Promise<void> {
    await later(undefined);
    throw FAILURES[name]();
  }

  @UseFilters(SilentFilter)
  @SubscribeMessage('filtered')
  filtered(@MessageBody() name: string): unknown {
    throw FAILURES[name]();
  }

  @UseFilters(new InheritingFilter())
  @SubscribeMessage('filtered by heirs')
  filteredByHeirs(@MessageBody() name: string): unknown {
    throw FAILURES[name]();
  }

  @UseGuards(PoliteGuard)
  @SubscribeMessage('guarded')
  guarded(): string {
    return 'passed';
  }

  @UseGuards(AsyncGuard)
  @SubscribeMessage('guarded later')
  guardedLater(): string {
    return 'passed';
  }

  @UseGuards(ThrowingGuard)
  @SubscribeMessage('guarded by a throw')
  guardedByThrow(): string {
    return 'passed';
  }

  @UseFilters(SilentFilter)
  @UseGuards(PoliteGuard)
  @SubscribeMessage('guarded and filtered')
  guardedAndFiltered(): string {
    return 'passed';
  }

  @UsePipes(TellingPipe)
  @SubscribeMessage('piped')
  piped(client: AnySocket, data: object): unknown {
    return [typeof client.id, data];
  }

  @SubscribeMessage('parsed')
  parsed(@MessageBody(ParseIntPipe) value: number): unknown {
    return [value];
  }

  @SubscribeMessage(7 as unknown as string)
  seven(): string {
    return 'seven';
  }

  @SubscribeMessage('*')
  star(): string {
    return 'star';
  }

  @SubscribeMessage('')
  nameless(): string {
    return 'nameless';
  }

  @SubscribeMessage('types of acks')
  typesOfAcks(client: AnySocket, _data: unknown, ack: unknown): void {
    client.emit('answer', typeof ack);
  }

  @SubscribeMessage('type of @Ack()')
  typeOfAck(@ConnectedSocket() client: AnySocket, @Ack() ack: unknown): void {
    client.emit('answer', typeof ack);
  }

  @SubscribeMessage('both at once')
  bothAtOnce(): string {
    return 'from the first';
  }

  @SubscribeMessage('both')
  both(): Promise<string> {
    return later('from the first');
  }

  @SubscribeMessage('both undefined')
  bothUndefined(): void {}

  @SubscribeMessage('undefined and a value')
  undefinedAndValue(): void {}

  @SubscribeMessage('undefined and an error')
  undefinedAndError(): void {}

  @SubscribeMessage('disconnecting')
  disconnecting(@MessageBody() [reason]: unknown[]): void {
    this.notes.lines.push(['disconnecting', reason]);
  }
}

@WebSocketGateway()
export class SecondGateway {
  handleConnection(client: AnySocket): void {
    client.emit('welcome of the second');
  }

  @SubscribeMessage('both at once')
  bothAtOnce(): string {
    return 'from the second';
  }

  @SubscribeMessage('both')
  both(): string {
    return 'from the second';
  }

  @SubscribeMessage('both undefined')
  bothUndefined(): void {}

  @SubscribeMessage('undefined and a value')
  undefinedAndValue(): Promise<string> {
    return later('value');
  }

  @SubscribeMessage('undefined and an error')
  undefinedAndError(): void {
    throw new WsException('no');
  }
}

@UseFilters(SilentFilter)
@UseGuards(PoliteGuard)
@UsePipes(new TellingPipe())
@UseInterceptors(WrappingInterceptor)
@WebSocketGateway({ namespace: 'class' })
export class ClassBoundGateway {
  @WebSocketServer() namespace!: { readonly name: string };

  handleConnection(client: AnySocket): void {
    client.emit('welcome', this.namespace.name);
  }

  @SubscribeMessage('ask')
  ask(@MessageBody() data: unknown): unknown {
    return data;
  }

  @SubscribeMessage('throws')
  throws(): void {
    throw new WsException('thrown');
  }
}

@WebSocketGateway({ namespace: /^\/tenant-\d+$/ })
export class TenantGateway {
  handleConnection(client: AnySocket & { readonly nsp: { readonly name: string } }): void {
    client.emit('welcome', client.nsp.name);
  }

  @SubscribeMessage('ask')
  ask(@MessageBody() data: unknown): unknown {
    return [data];
  }
}

/** A second one on the same pattern. */
@WebSocketGateway({ namespace: /^\/tenant-\d+$/ })
export class SecondTenantGateway {
  @SubscribeMessage('ask the second')
  ask(@MessageBody() data: unknown): unknown {
    return [data];
  }
}

/** Pipes on class, method and parameters. */
@UsePipes(new NotingPipe('class'))
@WebSocketGateway({ namespace: 'piped' })
export class PipedGateway {
  @UsePipes(new NotingPipe('method'))
  @SubscribeMessage('order')
  order(
    @MessageBody('a', new NotingPipe('a')) _a: unknown,
    @ConnectedSocket() _client: AnySocket,
    @Extra('given', new NotingPipe('extra')) _extra: unknown,
    @MessageBody(new NotingPipe('body'), new NotingPipe('body again')) _body: unknown,
  ): unknown {
    return pipeNotes.splice(0);
  }

  @UsePipes(new NotingPipe('method'))
  @SubscribeMessage('plain')
  plain(_client: AnySocket, _data: unknown): unknown {
    return pipeNotes.splice(0);
  }
}

/** A namespace for each name that a function lets pass. */
@WebSocketGateway({
  namespace: (name: string, _auth: unknown, next: (error: Error | null, allow: boolean) => void) =>
    next(null, name.startsWith('/matched-')),
})
export class MatchedGateway {
  handleConnection(client: AnySocket & { readonly nsp: { readonly name: string } }): void {
    client.emit('welcome', client.nsp.name);
  }

  @SubscribeMessage('ask')
  ask(@MessageBody() data: unknown): unknown {
    return [data];
  }
}

/** One per connection, from Nest 12 on. */
@WebSocketGateway({ namespace: 'scoped' })
export class ScopedGateway {
  @WebSocketServer() namespace!: { readonly name: string };
  private counted = 0;

  constructor(@Inject(REQUEST) private readonly request: AnySocket) {}

  handleConnection(): void {
    this.counted = 10;
  }

  @SubscribeMessage('count')
  count(@ConnectedSocket() client: AnySocket): unknown {
    return [++this.counted, this.request === client, this.namespace?.name];
  }
}
Injectable({ scope: Scope.REQUEST })(ScopedGateway);

export const OBSERVED_GATEWAYS: Type[] = [
  ObservedGateway,
  SecondGateway,
  ClassBoundGateway,
  TenantGateway,
  SecondTenantGateway,
  PipedGateway,
  MatchedGateway,
  ScopedGateway,
];
