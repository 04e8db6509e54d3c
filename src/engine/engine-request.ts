import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** A request to this server: Node's own, with its query string taken apart under the name that others read. */
export interface EngineRequest extends IncomingMessage {
  _query: Record<string, string>;
}

/** The parts of a request that outlive it; also what stands in for it once it was released. */
export interface RequestSummary {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly _query: Record<string, string>;
  /** Whether it came over TLS, as what has no request does. */
  readonly secure: boolean;
}

export function summarizeRequest(request: EngineRequest | null | undefined): RequestSummary {
  if (!request) return { method: 'GET', url: '', headers: {}, _query: {}, secure: true };
  const { method = 'GET', url = '', headers, _query } = request;
  return { method, url, headers, _query, secure: (request.socket as { encrypted?: boolean }).encrypted === true };
}

/** Gives the request its `_query`, unless a framework in front has done so. The last of equal names wins. */
export function parseEngineRequest(request: IncomingMessage): EngineRequest {
  const prepared = request as EngineRequest;
  prepared._query ??= parseQuery(request.url ?? '');
  return prepared;
}

export function parseQuery(url: string): Record<string, string> {
  const start = url.indexOf('?');
  // fromEntries defines own properties, so a parameter called __proto__ is data like any other.
  return start === -1 ? {} : Object.fromEntries(new URLSearchParams(url.slice(start + 1)));
}

/** A value that may be read by `name` only where the query really has it, never from a prototype. */
export function queryValue(request: EngineRequest, name: string): string | undefined {
  return Object.hasOwn(request._query, name) ? request._query[name] : undefined;
}

const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Whether a header's value has only characters that HTTP allows there (RFC 9110, 5.5). */
export function isFieldValue(value: string): boolean {
  return FIELD_VALUE.test(value);
}
