/*
 * What a custom parser decoded has no text to be measured; these walk over the values instead. Neither walks further than
 * it takes to know.
 */

/** Whether arrays and objects nest deeper than `levels`. */
export function valueDepthExceeds(value: unknown, levels: number): boolean {
  if (!isContainer(value)) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((item) => valueDepthExceeds(item, levels - 1));
  for (const key in value) if (valueDepthExceeds(value[key], levels - 1)) return true;
  return false;
}

/** Whether a value is larger than `bytes`: of binary data its length, of the rest that of its JSON without escapes. */
export function isLargerThan(value: unknown, bytes: number): boolean {
  return left(value, bytes) < 0;
}

/**
 * What decoded values hold on the heap, in bytes and not less; of binary data, its length. Costs a walk over them, which ends
 * behind `most` bytes: what the application has put among them may be without an end.
 */
export function heldBytes(value: unknown, most = Infinity): number {
  return withHeld(0, value, most);
}

function withHeld(before: number, value: unknown, most: number): number {
  if (typeof value === 'string') return before + STRING + Buffer.byteLength(value);
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? before : before + NUMBER;
  if (typeof value !== 'object' || value === null) return before;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return before + BINARY + value.byteLength;
  if (Array.isArray(value)) {
    let size = before + OBJECT + SLOT * value.length;
    for (let i = 0; i < value.length && size <= most; i++) size = withHeld(size, value[i], most);
    return size;
  }
  let size = before + OBJECT;
  for (const key in value) {
    size = withHeld(size + PROPERTY, (value as Record<string, unknown>)[key], most);
    if (size > most) break;
  }
  return size;
}

/**
 * Whether values hold more than so many bytes of text are taken to hold at most, four times as much. As text they have the
 * length `size`, of which most need no look at them.
 */
export function holdsTooMuch(value: unknown, size: number, maxSize: number): boolean {
  const most = Math.max(maxSize * 4, SMALL);
  return size * GROWTH > most && heldBytes(value, most) > most;
}

/** What is left of the budget behind a value; negative once it is spent. */
function left(value: unknown, budget: number): number {
  if (typeof value === 'string') return budget - Buffer.byteLength(value) - QUOTES;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return budget - value.byteLength;
  if (!isContainer(value)) return budget - String(value).length;
  let rest = budget - BRACKETS;
  let isFirst = true;
  // The keys of an array are not written.
  const isList = Array.isArray(value);
  for (const key in value) {
    if (!isFirst) rest -= COMMA;
    isFirst = false;
    if (!isList) rest -= Buffer.byteLength(key) + QUOTES + COLON;
    rest = left(value[key], rest);
    if (rest < 0) return rest;
  }
  return rest;
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !(value instanceof ArrayBuffer);
}

const QUOTES = 2;
const BRACKETS = 2;
const COMMA = 1;
const COLON = 1;

// As of V8 in Node 20 to 26, with 64 bits.
const STRING = 24;
const OBJECT = 88;
const BINARY = 200;
/** What values of a small text may hold, whatever the limit. */
const SMALL = 4_096;
/** The most that text grows by: `{}` and a comma become an object. */
const GROWTH = 33;
const NUMBER = 16;
const SLOT = 8;
const PROPERTY = 40;
