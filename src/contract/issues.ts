import type { SchemaIssue } from './standard-schema.js';

/** One thing that is wrong with what arrived. */
export interface IssueDetail {
  /** Where: the number of the argument, then the keys in it. */
  readonly path: readonly (string | number)[];
  /** In the words of the schema's library, without the value itself. */
  readonly message: string;
}

/** How many issues are told. A hostile value may have a million. */
export const MAX_ISSUES = 32;
const MAX_MESSAGE = 256;

/** The issues of one value in the form and the order that all libraries have in common; `root` is where the value was. */
export function describeIssues(issues: readonly SchemaIssue[], root: readonly (string | number)[]): IssueDetail[] {
  const details: IssueDetail[] = [];
  for (const issue of issues) {
    if (details.length >= MAX_ISSUES) break;
    const path = [...root, ...keysOf(issue)];
    const message = messageOf(issue);
    // One issue of zod names all unknown keys of an object; other libraries make one of each.
    const unknownKeys = (issue as { keys?: unknown }).keys;
    if (!Array.isArray(unknownKeys)) details.push({ path, message });
    else for (const key of unknownKeys.slice(0, MAX_ISSUES)) details.push({ path: [...path, asKey(key)], message });
  }
  return details.slice(0, MAX_ISSUES).sort((a, b) => comparePaths(a.path, b.path));
}

function keysOf({ path }: SchemaIssue): (string | number)[] {
  // Not `map` of the path itself: that of arktype is an array of its own kind, whose `map` gives one element more.
  return path === undefined ? [] : Array.from(path, (key) => asKey(typeof key === 'object' ? key.key : key));
}

function asKey(key: unknown): string | number {
  return typeof key === 'number' ? key : String(key);
}

/** Without the received value, which some libraries quote: an answer must not be as long as what it refuses. */
function messageOf(issue: SchemaIssue): string {
  const { received, actual } = issue as { received?: unknown; actual?: unknown };
  const quoted = received ?? actual;
  const message = String(issue.message);
  if (typeof quoted !== 'string' || !QUOTES_VALUE.test(quoted)) return message.slice(0, MAX_MESSAGE);
  const at = message.lastIndexOf(quoted);
  const hidden = at === -1 ? message : `${message.slice(0, at)}…${message.slice(at + quoted.length)}`;
  return hidden.slice(0, MAX_MESSAGE);
}

/** A string in quotes or a number, in contrast to the name of a type. */
const QUOTES_VALUE = /^["'\d-]/;

function comparePaths(a: IssueDetail['path'], b: IssueDetail['path']): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const [left, right] = [a[i], b[i]];
    if (left === right) continue;
    if (typeof left === 'number' && typeof right === 'number') return left - right;
    return String(left) < String(right) ? -1 : 1;
  }
  return a.length - b.length;
}
