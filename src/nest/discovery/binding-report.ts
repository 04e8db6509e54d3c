import { authSchemaOf } from '../../contract/runtime.js';
import { ENHANCERS_METADATA } from '../decorators/metadata-keys.js';
import { listed, type HandlerDescriptor, type NamespaceName } from './gateway-descriptor.js';
import { GatewayMetadataAccessor } from './gateway-metadata.accessor.js';

/** What was bound, for the log of the start: a line for each class. */
export class BindingReport {
  readonly #descriptors: HandlerDescriptor[] = [];

  add(descriptors: readonly HandlerDescriptor[]): void {
    this.#descriptors.push(...descriptors);
  }

  /** One line for each class, in the order in which they were bound. */
  lines(): string[] {
    const byGateway = new Map<Function, HandlerDescriptor[]>();
    for (const descriptor of this.#descriptors) {
      byGateway.set(descriptor.gateway, [...(byGateway.get(descriptor.gateway) ?? []), descriptor]);
    }
    return [...byGateway].map(([gateway, descriptors]) => lineOf(gateway, descriptors));
  }

  /** How many classes and events there are, in how many namespaces. */
  summary(): string {
    const gateways = new Set(this.#descriptors.map(({ gateway }) => gateway)).size;
    const events = this.#descriptors.filter(({ subject: { kind } }) => kind === 'event' || kind === 'message').length;
    const namespaces = new Set(this.#descriptors.map(({ namespace }) => String(namespace))).size;
    return [count(gateways, 'gateway'), count(events, 'event'), count(namespaces, 'namespace')].join(', ');
  }

  /** Whether handlers, guards or a schema of the main namespace decide about connections to it. */
  get guardsRoot(): boolean {
    return this.#descriptors.some(
      (descriptor) =>
        descriptor.namespace === '/' &&
        (descriptor.subject.kind === 'handshake' ||
          guardsOfConnection(descriptor).length > 0 ||
          checksAuth(descriptor)),
    );
  }

  /** The classes of which something is bound. */
  get gateways(): ReadonlySet<Function> {
    return new Set(this.#descriptors.map(({ gateway }) => gateway));
  }
}

function lineOf(gateway: Function, descriptors: readonly HandlerDescriptor[]): string {
  const hooks: string[] = [];
  const acks: string[] = [];
  const events: string[] = [];
  const messages: string[] = [];
  for (const { subject, method, rate } of descriptors) {
    const name = (event: unknown): string => (rate === null ? String(event) : `${String(event)} (${rate.text})`);
    if (subject.kind === 'message') messages.push(name(subject.event));
    else if (subject.kind === 'event') (subject.acks ? acks : events).push(name(subject.event));
    else if (subject.kind !== 'guards') hooks.push(`${subject.kind === 'open' ? 'connect' : subject.kind} ${method}`);
  }
  const guards = [...new Set(descriptors.flatMap(guardsOfConnection))];
  const parts = Object.entries({ hooks, guards, acks, events, messages })
    .filter(([, names]) => names.length > 0)
    .map(([kind, names]) => `${kind} ${listed(names)}`);
  return `${gateway.name} ${placeOf(gateway, descriptors[0].namespace)}: ${parts.join('; ') || 'nothing'}`;
}

/** That a class without a decorator is open to clients is worth saying: it may have the `@OnEvent` of another package. */
function placeOf(gateway: Function, namespace: NamespaceName): string {
  const accessor = new GatewayMetadataAccessor();
  const isPlain = !accessor.isGateway(gateway) && !accessor.isWebSocketGateway(gateway);
  const name = typeof namespace === 'function' ? `function ${namespace.name}` : String(namespace);
  return isPlain ? `{${name}, without @Gateway}` : `{${name}}`;
}

/** Guards of class and method that decide about a connection. */
function guardsOfConnection({ subject: { kind }, gateway, method }: HandlerDescriptor): string[] {
  if (kind !== 'handshake' && kind !== 'connect' && kind !== 'guards') return [];
  const fn = (gateway.prototype as Record<string, object | undefined>)[method];
  return [gateway, ...(fn === undefined ? [] : [fn])].flatMap((target) => {
    const guards = (Reflect.getMetadata(ENHANCERS_METADATA.guard, target) ?? []) as (Function | object)[];
    return guards.map((guard) => (typeof guard === 'function' ? guard.name : guard.constructor.name));
  });
}

function checksAuth({ contract }: HandlerDescriptor): boolean {
  return contract !== null && authSchemaOf(contract.contract) !== null;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
