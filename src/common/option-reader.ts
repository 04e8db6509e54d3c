/** A wrong option: which one, what was given, what is allowed. Thrown while a server is made, never later. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
  readonly code = 'INVALID_OPTION';

  constructor(
    readonly option: string,
    readonly given: unknown,
    readonly expected: string,
  ) {
    super(`Invalid option "${option}": got ${describe(given)}, expected ${expected}`);
  }
}

/**
 * Reads options one by one, checks each and remembers which names exist. `undefined` counts as not given; a second
 * spelling of an option may stand beside the first as long as both say the same.
 */
export class OptionReader {
  readonly #known = new Set<string>();

  constructor(private readonly given: Readonly<Record<string, unknown>>) {}

  integer(name: string, fallback: number, range: { min: number; max?: number }, ...aliases: string[]): number {
    const max = range.max ?? Number.MAX_SAFE_INTEGER;
    const value = this.raw(name, aliases) ?? fallback;
    if (Number.isInteger(value) && (value as number) >= range.min && (value as number) <= max) return value as number;
    const upper = range.max === undefined ? '' : ` and at most ${range.max}`;
    throw new OptionError(this.#spelling(name, aliases), value, `a whole number of at least ${range.min}${upper}`);
  }

  /** A timer's delay; `Infinity` and numbers beyond a native timer's range are refused. */
  milliseconds(name: string, fallback: number, min: number, ...aliases: string[]): number {
    const value = this.raw(name, aliases) ?? fallback;
    if (typeof value === 'number' && value >= min && value <= MAX_TIMER) return value;
    throw new OptionError(this.#spelling(name, aliases), value, `a number of milliseconds from ${min} to ${MAX_TIMER}`);
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.raw(name) ?? fallback;
    if (typeof value === 'boolean') return value;
    throw new OptionError(name, value, 'true or false');
  }

  string(name: string, fallback: string, pattern?: RegExp, expected = 'a string'): string {
    const value = this.raw(name) ?? fallback;
    if (typeof value === 'string' && (pattern === undefined || pattern.test(value))) return value;
    throw new OptionError(name, value, expected);
  }

  callback<F>(name: string): F | null {
    const value = this.raw(name) ?? null;
    if (value === null || typeof value === 'function') return value as F | null;
    throw new OptionError(name, value, 'a function');
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
        throw new OptionError(alias, other, `the same value as "${name}" (${describe(value)}), or only one of the two`);
      }
      value = other;
    }
    return value;
  }

  /** Refuses what nobody has read: a misspelt option would silently keep its default. */
  rejectUnknown(): void {
    for (const name of Object.keys(this.given)) {
      if (this.given[name] === undefined || this.#known.has(name)) continue;
      const names = [...this.#known].sort().join(', ');
      throw new OptionError(name, this.given[name], `one of the known options: ${names}`);
    }
  }

  /** The name under which an option was given. */
  #spelling(name: string, aliases: readonly string[]): string {
    return [name, ...aliases].find((each) => this.given[each] !== undefined) ?? name;
  }
}

/** What `setTimeout` can wait for: 2^31 − 1 ms. */
export const MAX_TIMER = 2_147_483_647;

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`;
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    return JSON.stringify(value) ?? typeof value;
  } catch {
    return Object.prototype.toString.call(value);
  }
}
