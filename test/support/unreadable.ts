/** Errors as foreign code throws them that cannot be read, shown or made into text. */
export const UNREADABLE: [string, () => Error][] = [
  ['data throws', () => withGetter('data')],
  ['message throws', () => withGetter('message')],
  ['stack throws', () => withGetter('stack')],
  ['toString and inspect throw', () => Object.assign(new Error('x'), { toString: fail, [INSPECT]: fail })],
  ['traps all throw', () => new Proxy(new Error('x'), { get: fail, has: fail, ownKeys: fail, getPrototypeOf: fail })],
  ['prototype is missing', () => Object.create(null) as Error],
];

const INSPECT = Symbol.for('nodejs.util.inspect.custom');

function withGetter(name: string): Error {
  return Object.defineProperty(new Error('x'), name, { get: fail, enumerable: true });
}

function fail(): never {
  throw new Error('unreadable');
}
