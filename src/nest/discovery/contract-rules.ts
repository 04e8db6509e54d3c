import type { AnyContract, AnyEntry } from '../../contract/index.js';
import { eventsOf, isEntry, type EntryParts } from '../../contract/runtime.js';
import type { HandlerMetadata } from '../decorators/handler-metadata.js';
import { ROUTE_ARGS_METADATA } from '../decorators/metadata-keys.js';
import type { ParamMetadata } from '../decorators/param-metadata.js';
import { BindingError } from '../errors/binding.error.js';

/** What `@Gateway` says of a contract. */
export interface GatewayContract {
  readonly contract: AnyContract;
  /** Whether its events may be without a handler. */
  readonly isPartial: boolean;
}

/** One method of a gateway and what it handles. */
interface Handling {
  readonly gateway: Function;
  readonly method: string;
  readonly handlers: readonly HandlerMetadata[];
  readonly bound: GatewayContract | null;
}

/**
 * The entry of an event in the contract of its gateway; null if there is none.
 *
 * @throws BindingError for an event that the contract does not have, or that is another contract's
 */
export function entryOf(subject: HandlerMetadata, { gateway, method, bound }: Handling): EntryParts | null {
  if (subject.kind !== 'event') return null;
  const where = `${gateway.name}.${method}()`;
  if (subject.entry !== null) assertContract(where, subject.entry, gateway, bound);
  if (bound === null || subject.event === '*') return null;
  const events = eventsOf(bound.contract, 'in');
  if (events === null) return null;
  const entry = events.get(subject.event);
  if (entry === undefined) {
    throw new BindingError(
      `${where} handles the event "${subject.event}", which the contract of ${nameOf(bound.contract)} does not have. ` +
        `It has: ${listOf([...events.keys()])}. Correct the name, or add the event to the contract.`,
    );
  }
  if (subject.acks && !entry.hasAck) {
    throw new BindingError(
      `${where} answers the event "${subject.event}", which has no ack in the contract of ${nameOf(bound.contract)}. ` +
        'Use @OnEvent, or add .ack() to the event.',
    );
  }
  return entry;
}

/** @throws BindingError for a parameter that takes another event, or the socket of another contract, than its method */
export function checkParameters({ gateway, method, handlers, bound }: Handling): void {
  const params = (Reflect.getMetadata(ROUTE_ARGS_METADATA, gateway, method) ?? {}) as Record<string, ParamMetadata>;
  for (const { contracted, index } of Object.values(params)) {
    if (contracted === undefined) continue;
    const where = `The parameter ${index} of ${gateway.name}.${method}()`;
    if (!isEntry(contracted)) {
      if (!isSame(bound, contracted.namespace as string | RegExp)) throw foreign(where, contracted, gateway, bound);
      continue;
    }
    assertContract(where, contracted, gateway, bound);
    const events = handlers.flatMap((handler) => (handler.kind === 'event' ? [handler.event] : []));
    if (events.length > 0 && events.every((event) => event === contracted.name)) continue;
    throw new BindingError(
      `${where} takes the event "${contracted.name}", but the method handles ${listOf(events)}. ` +
        'Give both decorators the same entry of the contract.',
    );
  }
}

function assertContract(where: string, entry: AnyEntry, gateway: Function, bound: GatewayContract | null): void {
  if (!isSame(bound, entry['~entry'].namespace)) {
    throw foreign(`${where} takes the event "${entry.name}" and`, entry['~entry'], gateway, bound);
  }
}

function foreign(
  subject: string,
  { namespace }: { readonly namespace: string | RegExp },
  gateway: Function,
  bound: GatewayContract | null,
): BindingError {
  if (bound === null) {
    return new BindingError(
      `${subject} belongs to the contract of ${String(namespace)}, but ${gateway.name} has no contract. ` +
        `Give it to the class: @Gateway(contract).`,
    );
  }
  return new BindingError(
    `${subject} belongs to the contract of ${String(namespace)}, but ${gateway.name} has the contract of ` +
      `${nameOf(bound.contract)}. Use an entry of its own contract, or move the handler to another gateway.`,
  );
}

/** By namespace, not by object: a shared package may be loaded once as an ES module and once as CommonJS. */
function isSame(bound: GatewayContract | null, namespace: string | RegExp): boolean {
  return bound !== null && nameOf(bound.contract) === String(namespace);
}

function nameOf(contract: AnyContract): string {
  return String(contract.namespace);
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? 'no event' : names.map((name) => `"${name}"`).join(', ');
}
