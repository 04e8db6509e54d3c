import { nearestName } from './nearest-name.js';
import { MAX_TIMER, describe, isObject } from './values.js';

/** A wrong option: its name, the value, what is allowed. Thrown while a server is made, never later. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
  /** The same for every error of this class. */
  readonly code = 'INVALID_OPTION';

  constructor(
    /** The name of the option, with those that it is nested in. */
    readonly option: string,
    /** The value that was given. */
    readonly given: unknown,
    /** What is allowed. */
    readonly expected: string,
  ) {
    super(`Invalid option "${option}": got ${describe(given)}, expected ${expected}`);
  }
}

/**
 * A copy of options, with the lists and plain objects in them: what is written to those that were given changes nothing.
 * Everything else stays what it is. Of an instance of a class it has what the getters say as well.
 */
export function copyOptions<Options extends object>(given: Options): Options {
  const names = new Set([...Object.keys(given), ...gettersOf(Object.getPrototypeOf(given) as object | null)]);
  const values = given as Record<string, unknown>;
  return Object.fromEntries(
    [...names].map((name) => [name, OBJECTS.has(name) ? values[name] : copyOf(values[name], 0)]),
  ) as Options;
}

function gettersOf(prototype: object | null): string[] {
  if (prototype === null || prototype === Object.prototype) return [];
  const own = Object.entries(Object.getOwnPropertyDescriptors(prototype)).filter(([, { get }]) => get !== undefined);
  return [...own.map(([name]) => name), ...gettersOf(Object.getPrototypeOf(prototype) as object | null)];
}

function copyOf(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => copyOf(each, depth + 1));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, copyOf(each, depth + 1)]));
}

/** Options whose values are not settings but objects that do something. */
const OBJECTS: ReadonlySet<string> = new Set(['parser', 'connectGuards', 'ledger']);

/** No option is nested deeper. */
const MAX_DEPTH = 4;

/**
 * Reads options one by one, checks each and remembers which names exist. `undefined` counts as not given; a second
 * spelling of an option may stand beside the first as long as both say the same.
 */
export class OptionReader {
  readonly #known = new Set<string>();
  readonly #groups: OptionReader[] = [];

  /** @param prefix of the names in errors: the option that holds these, and a dot */
  constructor(
    private readonly given: Readonly<Record<string, unknown>>,
    private readonly prefix = '',
  ) {}

  /**
   * A reader for the options of a nested object, whose names in errors have this one's in front; null if it is not given.
   *
   * @throws OptionError if it is no object
   */
  group(name: string, expected = 'an object with options'): OptionReader | null {
    const value = this.raw(name);
    if (value === undefined) return null;
    if (!isObject(value)) throw this.error(name, value, expected);
    const reader = new OptionReader(value, `${this.prefix}${name}.`);
    this.#groups.push(reader);
    return reader;
  }

  /** Lets names pass that a package behind this one knows. */
  pass(names: readonly string[]): void {
    for (const name of names) this.#known.add(name);
  }

  /** The names that were given. */
  get names(): string[] {
    return Object.keys(this.given);
  }

  /** The values under the names that were read; of an instance of a class, those of its getters as well. */
  get values(): Record<string, unknown> {
    const values = [...this.#known].map((name) => [name, this.given[name]] as const);
    return Object.fromEntries(values.filter(([, value]) => value !== undefined && value !== null));
  }

  /** An error about one of these options, under its full name. */
  error(name: string, given: unknown, expected: string): OptionError {
    return new OptionError(`${this.prefix}${name}`, given, expected);
  }

  integer(name: string, fallback: number, range: { min: number; max?: number }, ...aliases: string[]): number {
    const max = range.max ?? Number.MAX_SAFE_INTEGER;
    const value = this.raw(name, aliases) ?? fallback;
    if (Number.isInteger(value) && (value as number) >= range.min && (value as number) <= max) return value as number;
    const upper = range.max === undefined ? '' : ` and at most ${range.max}`;
    throw this.error(this.#spelling(name, aliases), value, `a whole number of at least ${range.min}${upper}`);
  }

  /** A timer's delay; `Infinity` and numbers beyond a native timer's range are refused. */
  milliseconds(name: string, fallback: number, min: number, ...aliases: string[]): number {
    const value = this.raw(name, aliases) ?? fallback;
    if (typeof value === 'number' && value >= min && value <= MAX_TIMER) return value;
    throw this.error(this.#spelling(name, aliases), value, `a number of milliseconds from ${min} to ${MAX_TIMER}`);
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.raw(name) ?? fallback;
    if (typeof value === 'boolean') return value;
    throw this.error(name, value, 'true or false');
  }

  string(name: string, fallback: string, pattern?: RegExp, expected = 'a string'): string {
    const value = this.raw(name) ?? fallback;
    if (typeof value === 'string' && (pattern === undefined || pattern.test(value))) return value;
    throw this.error(name, value, expected);
  }

  choice<Choice extends string>(name: string, fallback: Choice, choices: readonly Choice[]): Choice {
    const value = this.raw(name) ?? fallback;
    if (choices.includes(value as Choice)) return value as Choice;
    throw this.error(name, value, choices.map((choice) => `"${choice}"`).join(' or '));
  }

  callback<F>(name: string): F | null {
    const value = this.raw(name) ?? null;
    if (value === null || typeof value === 'function') return value as F | null;
    throw this.error(name, value, 'a function');
  }

  /** For options of a form of their own: the caller checks what it gets. */
  raw(name: string, aliases: readonly string[] = []): unknown {
    this.#known.add(name);
    let value = this.given[name];
    for (const alias of aliases) {
      this.#known.add(alias);
      const other = this.given[alias];
      if (other === undefined) continue;
      if (value !== undefined && value !== other) {
        throw this.error(alias, other, `the same value as "${name}" (${describe(value)}), or only one of the two`);
      }
      value = other;
    }
    return value;
  }

  /** Refuses names that were never read, here and in the groups: a misspelt option would silently keep its default. */
  rejectUnknown(): void {
    for (const name of Object.keys(this.given)) {
      if (this.given[name] === undefined || this.#known.has(name)) continue;
      throw this.error(name, this.given[name], this.#knownNames(name));
    }
    for (const group of this.#groups) group.rejectUnknown();
  }

  #knownNames(misspelt: string): string {
    const names = [...this.#known].sort();
    const nearest = nearestName(misspelt, names, true);
    const known = `one of the known options: ${names.join(', ')}`;
    return nearest === null ? known : `${known}; did you mean "${this.prefix}${nearest}"?`;
  }

  /** The name under which an option was given. */
  #spelling(name: string, aliases: readonly string[]): string {
    return [name, ...aliases].find((each) => this.given[each] !== undefined) ?? name;
  }
}
