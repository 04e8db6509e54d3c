import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { HttpHeaders } from './http-exchange.js';

/** Takes out what no header may carry, such as a line break that would begin another one; the names of what went. */
export function removeInvalidHeaders(headers: HttpHeaders): string[] {
  const invalid = Object.entries(headers).filter(([name, value]) => !isValid(name, value));
  for (const [name] of invalid) delete headers[name];
  return invalid.map(([name]) => name);
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
