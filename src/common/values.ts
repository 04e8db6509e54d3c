/** The longest delay of `setTimeout`: 2^31 − 1 ms. */
export const MAX_TIMER = 2_147_483_647;

/** An object of options with each of them given. */
export type Complete<Options> = { readonly [Name in keyof Options]-?: Exclude<Options[Name], undefined> };

/** Whether a value is an object with named values: no array, no null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value settles later. A getter that throws counts as no. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  try {
    return typeof (value as Partial<PromiseLike<unknown>>).then === 'function';
  } catch {
    return false;
  }
}

/** Whether a pattern matches a text from its beginning; one with the flag `g` or `y` keeps its place in another text. */
export function matches(pattern: RegExp, text: string): boolean {
  return text.search(pattern) !== -1;
}

/** A value as an error message shows it. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`;
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    return JSON.stringify(value) ?? typeof value;
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** A value as text, also one that cannot be converted: one without a prototype, or whose `toString` throws. */
export function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return `(${typeof value})`;
  }
}

/** A text without a character at its ends, however often it stands there; linear, which an expression with two ends is not. */
export function trim(text: string, character: string): string {
  let [start, end] = [0, text.length];
  while (start < end && text[start] === character) start++;
  while (end > start && text[end - 1] === character) end--;
  return text.slice(start, end);
}

/** Whether an object is of a class of this name, or of one that extends it, in whatever copy of its package. */
export function isOfClassNamed(value: object, name: string): boolean {
  for (let each: unknown = value.constructor; typeof each === 'function'; each = Object.getPrototypeOf(each)) {
    if (each.name === name) return true;
  }
  return false;
}

/**
 * A string of its own, in one piece. One that was cut from a message keeps all of the message, and one that was put together,
 * as by `JSON.stringify`, keeps the pieces and what joins them.
 */
export function ownCopyOf(text: string): string {
  return Buffer.from(text).toString();
}
