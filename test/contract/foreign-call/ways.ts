/** The ways in which foreign code does not do what it should. */
export const WAYS = ['throws', 'rejects', 'never answers', 'answers twice', 'calls back from inside'] as const;
export type Way = (typeof WAYS)[number];

export const FAILURE = new Error('foreign');

// oxlint-disable-next-line typescript/no-explicit-any -- functions of any signature
export type AnyFunction = (...args: any[]) => unknown;

/** Code that somebody hands in: does its work badly from the moment that it is armed until it is healed. */
export class Foreign {
  /** How often it was called while it was bad. */
  calls = 0;
  #isArmed = false;
  #isInside = false;

  constructor(
    private readonly way: Way,
    /** What is called back from inside. */
    private readonly reenter: () => unknown,
  ) {}

  arm(): void {
    this.#isArmed = true;
  }

  heal(): void {
    this.#isArmed = false;
  }

  /** `well` does the work as it should be done. */
  function(well: AnyFunction): AnyFunction {
    const act = (receiver: unknown, args: unknown[]): unknown => this.#act(well, receiver, args);
    return function foreign(this: unknown, ...args: unknown[]) {
      return act(this, args);
    };
  }

  /** The same for a class: badly made, or made well. */
  constructorOf<Made extends object>(Well: new (...args: never[]) => Made): new (...args: never[]) => Made {
    const act = this.function((...args: never[]) => new Well(...args));
    return function foreign(...args: unknown[]) {
      return act(...args);
    } as unknown as new (...args: never[]) => Made;
  }

  #act(well: AnyFunction, receiver: unknown, args: unknown[]): unknown {
    if (!this.#isArmed) return Reflect.apply(well, receiver, args);
    this.calls++;
    switch (this.way) {
      case 'throws':
        throw FAILURE;
      case 'rejects':
        return Promise.reject(FAILURE);
      case 'never answers':
        return new Promise(() => {});
      case 'answers twice':
        return Reflect.apply(well, receiver, args.map(twice));
      case 'calls back from inside':
        this.#callBack();
        return Reflect.apply(well, receiver, args);
    }
  }

  /** Once at a time: what it calls may come here again. */
  #callBack(): void {
    if (this.#isInside) return;
    this.#isInside = true;
    this.reenter();
    this.#isInside = false;
  }
}

/** A callback that is called a second time right after the first. */
function twice(argument: unknown): unknown {
  if (typeof argument !== 'function') return argument;
  return (...args: unknown[]) => {
    Reflect.apply(argument, undefined, args);
    return Reflect.apply(argument, undefined, args);
  };
}
