import { IncomingMessage, type IncomingHttpHeaders } from 'node:http';
import { HeldTexts, areTexts } from './held-texts.js';

/** A request to this server: Node's own, with its query string taken apart under the name that others read. */
export interface EngineRequest extends IncomingMessage {
  /** The parsed query. */
  _query: Record<string, string>;
}

/** The parts of a request that outlive it; also what stands in for it once it was released. */
export interface RequestSummary {
  /** The HTTP method. */
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** The headers, by their names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** The parsed query. */
  readonly _query: Record<string, string>;
  /** Whether it came over TLS, as what has no request does. */
  readonly secure: boolean;
}

export function summarizeRequest(request: EngineRequest | null | undefined): RequestSummary {
  if (!request) return { method: 'GET', url: '', headers: {}, _query: {}, secure: true };
  const { method = 'GET', url = '', headers, _query } = request;
  const secure = (request.socket as { encrypted?: boolean }).encrypted === true;
  const summary = { method, url, headers, _query, secure };
  if (isCostly(request)) holdParts(request, summary);
  return summary;
}

/** A request is kept, or waits. What takes much room of it is held as text from now on. */
export function holdCompactly(request: EngineRequest): void {
  if (isCostly(request)) holdParts(request, null);
}

/** Whether what a request says takes enough room to be held as text: taken apart, short parts hold twelve times as much. */
export function isCostly(request: EngineRequest): boolean {
  return isLong(request) || hasManyHeaders(request);
}

function isLong({ url = '' }: EngineRequest): boolean {
  return url.length > LONG_URL;
}

function hasManyHeaders({ rawHeaders }: EngineRequest): boolean {
  return rawHeaders !== undefined && rawHeaders.length > 2 * MANY_HEADERS;
}

/** @param summary shares them; null if there is none */
function holdParts(request: EngineRequest, summary: RequestSummary | null): void {
  const both = summary === null ? [request] : [summary, request];
  if (isLong(request)) holdAsText(request._query, '_query', both);
  if (!hasManyHeaders(request)) return;
  const { headers, rawHeaders } = request;
  if (!(request instanceof IncomingMessage)) {
    if (summary !== null) holdAsText(headers, 'headers', [summary]);
    return;
  }
  if (holdAsText(headers, 'headers', both)) forgetParsed(request);
  holdAsText(rawHeaders, 'rawHeaders', [request]);
}

/** Node keeps what it has made of the raw headers, and makes it anew if it is gone. */
function forgetParsed(request: IncomingMessage): void {
  for (const name of ['headers', 'headersDistinct']) Reflect.set(IncomingMessage.prototype, name, null, request);
}

/** Returns false if they are not texts alone. */
function holdAsText(texts: IncomingHttpHeaders | readonly string[], name: string, holders: readonly object[]): boolean {
  if (!areTexts(texts)) return false;
  const held = new HeldTexts(texts);
  for (const holder of holders) held.define(holder, name);
  return true;
}

const LONG_URL = 1_024;
/** More than browsers send, with what proxies add. */
const MANY_HEADERS = 64;

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
 * What `URLSearchParams` would make of a query that needs no decoding, at a tenth of its price, which every request pays
 * (bench: connect, polling). Null for any other, and for one that names what every object has by itself.
 */
function splitPlainQuery(text: string): Record<string, string> | null {
  if (!PLAIN_QUERY.test(text)) return null;
  const query: Record<string, string> = {};
  for (let start = 0; start < text.length;) {
    const end = indexOr(text, '&', start, text.length);
    if (end > start) {
      const equals = Math.min(indexOr(text, '=', start, end), end);
      if (!setParameter(query, text.slice(start, equals), text.slice(equals + 1, end))) return null;
    }
    start = end + 1;
  }
  return query;
}

/** Sets what the protocol names by literal names, which V8 finds faster. False: it names what every object has by itself. */
function setParameter(query: Record<string, string>, name: string, value: string): boolean {
  switch (name) {
    case 'EIO':
      query.EIO = value;
      return true;
    case 'transport':
      query.transport = value;
      return true;
    case 'sid':
      query.sid = value;
      return true;
    case 't':
      query.t = value;
      return true;
    default:
      if (name in query && !Object.hasOwn(query, name)) return false;
      query[name] = value;
      return true;
  }
}

function indexOr(text: string, character: string, from: number, otherwise: number): number {
  const index = text.indexOf(character, from);
  return index === -1 ? otherwise : index;
}

const PLAIN_QUERY = /^[A-Za-z0-9_.~&=-]*$/;

/** The host that a request is for, as the client has it; over HTTP/2 it goes by another name (RFC 9113, 8.3.1). */
export function hostOf({ headers }: EngineRequest): string | undefined {
  return headers.host ?? (headers[':authority'] as string | undefined);
}

/** A value that may be read by `name` only if the query really has it, never from a prototype. */
export function queryValue(request: EngineRequest, name: string): string | undefined {
  return Object.hasOwn(request._query, name) ? request._query[name] : undefined;
}

const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Whether a header's value has only characters that HTTP allows there (RFC 9110, 5.5). */
export function isFieldValue(value: string): boolean {
  return FIELD_VALUE.test(value);
}
