import { assignServers, type CallStyle, type TakesFirst } from '../pipeline/call-style.js';
import type { EnhancerSource } from '../pipeline/enhancers.js';
import type { HandlerDescriptor } from '../discovery/gateway-descriptor.js';
import { SocketIoException } from '../errors/socket-io.exception.js';
import { ParamType } from '../decorators/metadata-keys.js';

/** How Nest calls the methods of `@WebSocketGateway` classes. */
export class GatewayStyle implements CallStyle {
  readonly pipesAll = true;
  readonly parameters = {
    // In the order in which Nest has pipes look at them.
    [`${ParamType.ACK}:2`]: { index: 2 },
    [`${ParamType.PAYLOAD}:1`]: { index: 1 },
    [`${ParamType.SOCKET}:0`]: { index: 0 },
  };
  readonly onInstance = assignServers;
  readonly absentAck = undefined;
  #Refusal: new (message: string) => Error = SocketIoException;

  /** @param settles whether an ack that was asked for gets the first value; otherwise every value counts */
  constructor(private readonly settles: boolean) {}

  readonly takesFirst = (): TakesFirst => (this.settles ? 'asked' : 'never');

  readonly refusal = (): Error => new this.#Refusal('Forbidden resource');

  /** Hooks are called with the client, whatever is bound to their class. */
  readonly isBare = ({ kind }: HandlerDescriptor['subject']): boolean => kind !== 'message';

  /** Takes Nest's own exception, which filters of gateways catch by its class; there are gateways, so it is installed. */
  async load(): Promise<void> {
    try {
      const { WsException } = await import('@nestjs/websockets');
      this.#Refusal = WsException;
    } catch {
      // A runner without ES modules, such as Jest over CommonJS: then the class of this package says the same.
    }
  }
}

/** What is bound to gateways, with or without what is global. */
export class GatewayEnhancers implements Pick<EnhancerSource, 'bindScopedGlobals' | 'enhancersOf' | 'pipesOf'> {
  readonly #ofMessages: EnhancerSource;
  readonly #ofHooks: EnhancerSource;
  /** Whose scoped ones reach only gateways that have a scope themselves; null if all do, or none. */
  readonly #halfway: EnhancerSource | null;

  /**
   * @param all whether global enhancers of all kinds apply to messages and to the connection
   * @param some whether they do to messages but for filters, as in Nest 12; in Nest 11 none does
   */
  constructor(source: EnhancerSource, all: boolean, some: boolean) {
    const local = all ? source : source.withoutGlobal(['guard', 'pipe', 'interceptor', 'filter']);
    this.#ofMessages = some && !all ? source.withoutGlobal(['filter']) : local;
    this.#ofHooks = local;
    this.#halfway = some && !all ? source : null;
  }

  bindScopedGlobals(descriptor: HandlerDescriptor): void {
    // Nest 12 asks them before messages of gateways with a scope, as what their constructor has never seen.
    if (this.#halfway !== null && isScoped(descriptor)) this.#halfway.bindScopedGlobals(descriptor);
    else this.#sourceOf(descriptor).bindScopedGlobals(descriptor);
  }

  /** Whether global enhancers do not reach a gateway only because they have a scope, and it has none. */
  leavesOutScoped(descriptor: HandlerDescriptor): boolean {
    return this.#halfway !== null && !isScoped(descriptor) && this.#halfway.hasScopedGlobals;
  }

  enhancersOf(...args: Parameters<EnhancerSource['enhancersOf']>): ReturnType<EnhancerSource['enhancersOf']> {
    return this.#sourceOf(args[0]).enhancersOf(...args);
  }

  pipesOf(...args: Parameters<EnhancerSource['pipesOf']>): ReturnType<EnhancerSource['pipesOf']> {
    return this.#sourceOf(args[0]).pipesOf(...args);
  }

  #sourceOf({ subject }: HandlerDescriptor): EnhancerSource {
    return subject.kind === 'message' ? this.#ofMessages : this.#ofHooks;
  }
}

function isScoped({ wrapper }: HandlerDescriptor): boolean {
  return wrapper.isTransient || !wrapper.isDependencyTreeStatic();
}
