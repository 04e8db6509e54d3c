import { isDeepStrictEqual } from 'node:util';
import type { ServerOptions } from '../../socketio/index.js';
import { BindingError } from '../errors/binding.error.js';
import type { WebSocketGateway } from './websocket-gateway.js';

/** Options of one server, and for each who gave it. */
export class GatheredOptions {
  readonly #values = new Map<string, { value: unknown; owner: string }>();

  /** @throws BindingError if two disagree, with the names of both */
  static of(gateways: readonly WebSocketGateway[]): GatheredOptions {
    const gathered = new GatheredOptions();
    for (const { options, gateway } of gateways) gathered.add(options, () => gateway.name);
    return gathered;
  }

  /** Adds what is not there yet; `ownerOf` names who gave an option. */
  add(options: ServerOptions, ownerOf: (name: string) => string): void {
    for (const [name, value] of Object.entries(options)) {
      // Both may write one path in several ways, and are on one server because it is the same.
      if (value === undefined || (name === 'path' && this.#values.has(name))) continue;
      const present = this.#values.get(name);
      if (present === undefined) this.#values.set(name, { value, owner: ownerOf(name) });
      else if (!isDeepStrictEqual(present.value, value)) throw conflict(name, present, { value, owner: ownerOf(name) });
    }
  }

  ownerOf(name: string): string | undefined {
    return this.#values.get(name)?.owner;
  }

  get options(): ServerOptions {
    return Object.fromEntries([...this.#values].map(([name, { value }]) => [name, value])) as ServerOptions;
  }
}

interface Given {
  readonly value: unknown;
  readonly owner: string;
}

function conflict(name: string, first: Given, second: Given): BindingError {
  return new BindingError(
    `${first.owner} and ${second.owner} share a server and give its option "${name}" different values: ` +
      `${display(first.value)} and ${display(second.value)}. Set it in one place, or to the same value in both.`,
  );
}

function display(value: unknown): string {
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
