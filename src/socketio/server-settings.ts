import { copyOptions } from '../common/option-reader.js';
import type { AdapterConstructor } from './adapter/adapter.js';
import { MemoryAdapter } from './adapter/memory-adapter.js';
import { RecoveringAdapter } from './recovery/recovering-adapter.js';
import {
  resolveServerOptions,
  type ResolvedServerOptions,
  type ServerDefaults,
  type ServerOptions,
} from './server-options.js';

/**
 * The options of one server during its life: read once when the server is made, and again if more become known before its
 * engine exists. Nothing else resolves them, and nothing writes to them.
 */
export class ServerSettings {
  #given: ServerOptions;
  #resolved: ResolvedServerOptions;
  #opts: ServerOptions;
  #path: string;
  #servesClient: boolean;
  #connectTimeout: number;
  /** Set by Socket.IO's `server.adapter(constructor)`. */
  #adapter: AdapterConstructor | null = null;
  #recoveryDisabled = false;
  #warnedOfRecovery = false;
  #warnedOfOnevent = false;

  /** @throws OptionError for a wrong option */
  constructor(
    given: ServerOptions,
    readonly defaults: ServerDefaults,
  ) {
    this.#given = copyOptions(given);
    this.#resolved = resolveServerOptions(this.#given, defaults, OTHER_OPTIONS);
    this.#path = bare(this.#resolved.engine.path);
    this.#servesClient = this.#resolved.serveClient;
    this.#connectTimeout = this.#resolved.connectTimeout;
    this.#opts = this.#view();
  }

  /** The options after all checks; frozen. */
  get resolved(): ResolvedServerOptions {
    return this.#resolved;
  }

  /** The options as given, under the names and with the defaults that published adapters read; frozen. */
  get opts(): ServerOptions {
    return this.#opts;
  }

  get path(): string {
    return this.#path;
  }

  set path(path: string) {
    this.#path = bare(path);
  }

  get servesClient(): boolean {
    return this.#servesClient;
  }

  set servesClient(serves: boolean) {
    this.#servesClient = serves;
  }

  get connectTimeout(): number {
    return this.#connectTimeout;
  }

  /** @throws OptionError for what is no time */
  set connectTimeout(timeout: number) {
    this.#connectTimeout = resolveServerOptions({ connectTimeout: timeout }, this.defaults).connectTimeout;
  }

  get adapter(): AdapterConstructor {
    const { adapter, connectionStateRecovery } = this.#resolved;
    const byDefault = connectionStateRecovery === null ? MemoryAdapter : RecoveringAdapter;
    return this.#adapter ?? adapter ?? (byDefault as unknown as AdapterConstructor);
  }

  /** Another adapter may be able to recover sessions. */
  set adapter(adapter: AdapterConstructor) {
    this.#adapter = adapter;
    this.#recoveryDisabled = false;
    this.#opts = this.#view();
  }

  /**
   * Takes options that became known later; they replace none that is set. Names that no server has are passed over, as in
   * Socket.IO.
   *
   * @throws OptionError for a wrong option
   */
  extend(more: ServerOptions): void {
    const all = { ...copyOptions(more), ...definedOf(this.#given) };
    this.#resolved = resolveServerOptions(all, { ...this.defaults, strict: false }, OTHER_OPTIONS);
    this.#given = all;
    if (more.path !== undefined || more.addTrailingSlash !== undefined) this.#path = bare(this.#resolved.engine.path);
    if (more.serveClient !== undefined) this.#servesClient = this.#resolved.serveClient;
    if (more.connectTimeout !== undefined) this.#connectTimeout = this.#resolved.connectTimeout;
    this.#opts = this.#view();
  }

  /** The options of an engine: these, at the present path, and for what none of them says, those of an `attach`. */
  forEngine(attachOptions: ServerOptions): ResolvedServerOptions {
    const all = { ...attachOptions, ...definedOf(this.#given), path: this.#path };
    return resolveServerOptions(all, { ...this.defaults, strict: false }, OTHER_OPTIONS);
  }

  /** Once: a function that someone put in place of `socket.onevent` has kept an event from its decorated handlers. */
  warnOfReplacedOnevent(event: string): void {
    if (this.#warnedOfOnevent) return;
    this.#warnedOfOnevent = true;
    this.resolved.onWarning(
      `socket.onevent was replaced with a function that did not pass ${JSON.stringify(event)} on, so its handlers are not called. ` +
        'At its end, call the function that it replaced, with the socket as this and the packet.',
    );
  }

  /** The adapter cannot recover sessions, so it is not asked to mark packets for clients that could come back. */
  disableRecovery(adapter: string): void {
    this.#recoveryDisabled = true;
    this.#opts = this.#view();
    if (this.#warnedOfRecovery) return;
    this.#warnedOfRecovery = true;
    this.#resolved.onWarning(
      `connectionStateRecovery is on, but ${adapter} cannot recover sessions: clients get new ones. ` +
        'Use an adapter that has persistSession() and restoreSession(), or turn the option off.',
    );
  }

  #view(): ServerOptions {
    const { connectionStateRecovery } = this.#resolved;
    const recovery = this.#recoveryDisabled || connectionStateRecovery === null ? undefined : connectionStateRecovery;
    return Object.freeze({ ...this.#given, connectionStateRecovery: recovery });
  }
}

/** Options of `attach` and of Socket.IO that need no reading here but are no mistake either. */
const OTHER_OPTIONS: readonly string[] = ['destroyUpgradeTimeout', 'wsEngine', 'initialPacket'];

/** Without those that are there but undefined, so that they replace nothing. */
function definedOf(options: ServerOptions): ServerOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function bare(path: string): string {
  return path.replace(/\/$/, '');
}
