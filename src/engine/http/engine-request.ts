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
  if (start === -1) return {};
  const text = url.slice(start + 1);
  // fromEntries defines own properties, so a parameter called __proto__ is data like any other.
  return splitPlainQuery(text) ?? Object.fromEntries(new URLSearchParams(text));
}

/**
 * What `URLSearchParams` would make of a query that needs no decoding, at a third of its price, which every request pays
 * (bench: connect, polling). Null for any other, and for one that names what every object has by itself.
 */
function splitPlainQuery(text: string): Record<string, string> | null {
  if (!PLAIN_QUERY.test(text)) return null;
  const query: Record<string, string> = {};
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = equals === -1 ? pair : pair.slice(0, equals);
    if (name in query && !Object.hasOwn(query, name)) return null;
    query[name] = equals === -1 ? '' : pair.slice(equals + 1);
  }
  return query;
}

const PLAIN_QUERY = /^[A-Za-z0-9_.~&=-]*$/;

/** A value that may be read by `name` only where the query really has it, never from a prototype. */
export function queryValue(request: EngineRequest, name: string): string | undefined {
  return Object.hasOwn(request._query, name) ? request._query[name] : undefined;
}

const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Whether a header's value has only characters that HTTP allows there (RFC 9110, 5.5). */
export function isFieldValue(value: string): boolean {
  return FIELD_VALUE.test(value);
}
