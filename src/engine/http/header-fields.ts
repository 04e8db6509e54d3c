import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { HttpHeaders } from './http-exchange.js';

/** Takes out what no header may carry, such as a line break that would begin another one; the names of what went. */
export function removeInvalidHeaders(headers: HttpHeaders): string[] {
  const invalid = Object.entries(headers).filter(([name, value]) => !isValid(name, value));
  for (const [name] of invalid) delete headers[name];
  return invalid.map(([name]) => name);
}

/** `headers` with `more`, which replace those of the same name, whatever its case; two of them keep what they have. */
export function mergeHeaders(headers: HttpHeaders, more: HttpHeaders): HttpHeaders {
  const merged = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), { name, value }]));
  for (const [name, value] of Object.entries(more)) {
    const key = name.toLowerCase();
    const present = merged.get(key);
    merged.set(key, { name, value: keepPresent(key, present?.value, value) });
  }
  return Object.fromEntries([...merged.values()].map(({ name, value }) => [name, value]));
}

/** Adds to the headers of an answer what a middleware has set on its response, of those that keep what they have. */
export function keepHeadersOf(
  response: { getHeader(name: string): number | string | readonly string[] | undefined },
  headers: HttpHeaders,
  keys: readonly string[] = KEPT_HEADERS,
): void {
  for (const key of keys) {
    const present = response.getHeader(key);
    if (present === undefined) continue;
    const name = Object.keys(headers).find((each) => each.toLowerCase() === key);
    if (name !== undefined) headers[name] = keepPresent(key, present, headers[name]);
  }
}

export const KEPT_HEADERS = ['vary', 'set-cookie'] as const;

/** What a header becomes that another value comes to: `Vary` and `Set-Cookie` keep what they have. */
export function keepPresent(
  key: string,
  present: number | string | readonly string[] | undefined,
  added: string | string[],
): string | string[] {
  if (present === undefined) return added;
  if (key === 'vary') return mergeVary(present, added);
  return key === 'set-cookie' ? [present, added].flat().map(String) : added;
}

/** A `Vary` that names what either of two does (RFC 9110, 12.5.5). */
function mergeVary(present: number | string | readonly string[], added: string | readonly string[]): string {
  const names = [present, added].flat().flatMap((value) => String(value).split(','));
  const byKey = new Map<string, string>();
  for (const name of names.map((each) => each.trim())) {
    if (name !== '' && !byKey.has(name.toLowerCase())) byKey.set(name.toLowerCase(), name);
  }
  return byKey.has('*') ? '*' : [...byKey.values()].join(', ');
}

/** One line for each value. */
export function headerLines(headers: Readonly<HttpHeaders>): string[] {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : [value]) lines.push(`${name}: ${one}`);
  }
  return lines;
}

function isValid(name: string, value: string | string[]): boolean {
  try {
    validateHeaderName(name);
    for (const one of Array.isArray(value) ? value : [value]) validateHeaderValue(name, one);
    return true;
  } catch {
    return false;
  }
}
