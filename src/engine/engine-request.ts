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
  return isPlainQuery(text) ? splitQuery(text) : Object.fromEntries(new URLSearchParams(text));
}

/** Whether a query needs no decoding, and names nothing that a plain object has not by itself; as those of all clients do. */
function isPlainQuery(text: string): boolean {
  return PLAIN_QUERY.test(text) && !text.includes('__proto__');
}

/** What `URLSearchParams` would make of a plain query, at a third of its price, which every request pays (bench: connect). */
function splitQuery(text: string): Record<string, string> {
  const query: Record<string, string> = {};
  for (let start = 0; start < text.length;) {
    let end = text.indexOf('&', start);
    if (end === -1) end = text.length;
    const equals = text.indexOf('=', start);
    if (equals === -1 || equals > end) {
      if (end > start) query[text.slice(start, end)] = '';
    } else {
      query[text.slice(start, equals)] = text.slice(equals + 1, end);
    }
    start = end + 1;
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
