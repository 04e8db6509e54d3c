import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { HttpHeaders } from './http-exchange.js';

/**
 * The part of a `ServerResponse` that header-setting middlewares use, for requests that have none (upgrades) or whose
 * answer goes another way (CORS). Names keep the case in which they were set.
 */
export class ResponseStandIn {
  statusCode = 200;
  /** Whether a middleware answered by itself. */
  ended = false;
  /** By lower-case name; null until the first is set, which for most requests is never (bench: connect). */
  #headers: Map<string, { name: string; value: string | string[] }> | null = null;

  /** @throws TypeError for what no header may carry, as a `ServerResponse` does */
  setHeader(name: string, value: number | string | readonly string[]): this {
    const stored = Array.isArray(value) ? value.map(String) : String(value as string);
    validateHeaderName(name);
    for (const one of Array.isArray(stored) ? stored : [stored]) validateHeaderValue(name, one);
    this.#headers ??= new Map();
    this.#headers.set(name.toLowerCase(), { name, value: stored });
    return this;
  }

  getHeader(name: string): string | string[] | undefined {
    return this.#headers?.get(name.toLowerCase())?.value;
  }

  getHeaders(): HttpHeaders {
    if (this.#headers === null) return {};
    return Object.fromEntries([...this.#headers.values()].map(({ name, value }) => [name, value]));
  }

  hasHeader(name: string): boolean {
    return this.#headers?.has(name.toLowerCase()) ?? false;
  }

  removeHeader(name: string): void {
    this.#headers?.delete(name.toLowerCase());
  }

  writeHead(status?: number, headers?: Record<string, string | string[]>): this {
    if (status !== undefined) this.statusCode = status;
    for (const [name, value] of Object.entries(headers ?? {})) this.setHeader(name, value);
    return this;
  }

  write(): boolean {
    return true;
  }

  end(): this {
    this.ended = true;
    this.onEnd();
    return this;
  }

  /** Replaced by an owner that must know when a middleware answers by itself. */
  onEnd: () => void = () => {};
}
