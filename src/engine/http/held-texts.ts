/** What is made of short texts alone: the headers of a request, its query. */
type Texts = Readonly<Record<string, unknown>> | readonly unknown[];

/**
 * Texts that are held as one text, since many short ones hold more than ten times as much. Reading takes them apart: the result is
 * the same object until the end of the turn, and what is written to it by then is kept.
 */
export class HeldTexts<T extends Texts> {
  #text: string;
  /** Null between turns. */
  #texts: T | null = null;

  constructor(texts: T) {
    this.#text = JSON.stringify(texts);
  }

  /** Gives an object the texts under a name. What is assigned there later is held as it is. */
  define(holder: object, name: string): void {
    defineLookup(holder, name, () => this.#read());
  }

  #read(): T {
    if (this.#texts === null) {
      this.#texts = JSON.parse(this.#text) as T;
      setImmediate(() => this.#putAway());
    }
    return this.#texts;
  }

  #putAway(): void {
    if (!areTexts(this.#texts!)) return;
    this.#text = JSON.stringify(this.#texts);
    this.#texts = null;
  }
}

/** Gives an object a property that is looked up when it is read, until something is assigned to it. */
export function defineLookup(holder: object, name: string, get: () => unknown): void {
  Object.defineProperty(holder, name, {
    configurable: true,
    enumerable: true,
    get,
    set(value: unknown) {
      Object.defineProperty(holder, name, { configurable: true, enumerable: true, writable: true, value });
    },
  });
}

/** Whether a property is looked up when it is read. */
export function isLookedUp(holder: object, name: string): boolean {
  return Object.getOwnPropertyDescriptor(holder, name)?.get !== undefined;
}

/** Whether nothing else is among them. Middlewares may have written anything, which then has to stay as it is. */
export function areTexts(values: Texts): boolean {
  return Object.values(values).every(isText);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string'));
}
