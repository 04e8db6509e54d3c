import {
  Global,
  Inject,
  Injectable,
  Logger,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type FactoryProvider,
  type ModuleMetadata,
} from '@nestjs/common';
import { hideCommands } from '../common/hide-commands.js';
import { MODULE_DEFAULTS, OptionError, Server, emitterAdapter, type ClusterEmitter } from '../socketio/index.js';
import { EMITTER_OPTIONS } from './decorators/metadata-keys.js';
import type { ServerState, ShutdownResult } from './dispatch/shutdown.js';
import type { LedgerOption } from './socket-io.options.js';
import { Websocket, type WebsocketBackend } from './websocket.service.js';

/** How a process without clients reaches those of the servers: by a ledger, or by an emitter. */
export interface SocketIoEmitterOptions {
  /** The ledger of the servers, with the same name: `redisLedger(client, { name })`. */
  ledger?: LedgerOption | undefined;
  /** `new Emitter(client)` of `@socket.io/redis-emitter`, or of a package with the same interface. */
  emitter?: ClusterEmitter | undefined;
  /** The namespaces that `user()` and `broadcast()` reach. @default `/` */
  namespaces?: readonly string[] | undefined;
  /** Told of what fails, such as a store that is away. @default Nest's logger */
  onError?: ((error: unknown) => void) | undefined;
}

export interface SocketIoEmitterAsyncOptions
  extends Pick<ModuleMetadata, 'imports'>, Pick<FactoryProvider<SocketIoEmitterOptions>, 'inject' | 'useFactory'> {}

/** A server that listens nowhere: it has no clients, and the cluster's hear what it emits. */
@Injectable()
class EmitterBackend implements WebsocketBackend, BeforeApplicationShutdown {
  readonly server: Server;
  #closing: Promise<void> | null = null;
  #state: ServerState = 'open';

  /** @throws OptionError for options that do not say how */
  constructor(@Inject(EMITTER_OPTIONS) options: SocketIoEmitterOptions) {
    const { namespaces = ['/'], onError = logError } = options;
    this.server = new Server({ ...wayOf(options), onError }, undefined, MODULE_DEFAULTS);
    for (const name of namespaces) this.server.of(name);
  }

  get state(): ServerState {
    return this.#state;
  }

  async shutdown(): Promise<ShutdownResult> {
    this.#state = 'closing';
    await (this.#closing ??= this.server.close());
    this.#state = 'closed';
    return { closed: 0, forced: 0 };
  }

  /** Once jobs are done, which may emit until their end. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.shutdown();
  }
}

/**
 * `Websocket` for processes without clients: workers of queues, cron jobs, scripts. What they emit reaches the clients of the
 * servers that have the same ledger, or the adapter that belongs to the emitter.
 *
 * @example
 * \@Module({ imports: [SocketIoEmitterModule.forRoot({ ledger: redisLedger(new Redis()) })], providers: [ReportJob] })
 * export class WorkerModule {}
 */
@Global()
@Module({
  providers: [
    EmitterBackend,
    { provide: Websocket, useFactory: (backend: EmitterBackend) => new Websocket(backend), inject: [EmitterBackend] },
  ],
  exports: [Websocket],
})
export class SocketIoEmitterModule {
  /** The module with its options. */
  static forRoot(options: SocketIoEmitterOptions): DynamicModule {
    return { module: SocketIoEmitterModule, providers: [{ provide: EMITTER_OPTIONS, useValue: options }] };
  }

  /** The module with options that other providers give. */
  static forRootAsync({ imports = [], inject = [], useFactory }: SocketIoEmitterAsyncOptions): DynamicModule {
    return {
      module: SocketIoEmitterModule,
      imports,
      providers: [{ provide: EMITTER_OPTIONS, inject, useFactory }],
    };
  }
}

function wayOf({ ledger, emitter }: SocketIoEmitterOptions): Partial<LedgerOption> {
  if (ledger !== undefined && emitter !== undefined) {
    throw new OptionError('emitter', emitter, 'no value together with "ledger"');
  }
  if (typeof ledger?.adapter === 'function') {
    return { adapter: ledger.adapter, connectionStateRecovery: ledger.connectionStateRecovery };
  }
  if (ledger !== undefined) throw new OptionError('ledger', ledger, 'a ledger of "nestjs-socketio/ledger"');
  if (typeof emitter?.of !== 'function')
    throw new OptionError('emitter', emitter, 'an emitter, or the option "ledger"');
  return { adapter: emitterAdapter(emitter) };
}

function logError(error: unknown): void {
  hideCommands(error);
  new Logger('SocketIoEmitterModule').error(error);
}
