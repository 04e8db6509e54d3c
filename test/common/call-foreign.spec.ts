import { EventEmitter, once } from 'node:events';
import { inspect } from 'node:util';
import { CONSOLE, askForeign, callForeign, callListeners, watch } from '../../src/common/call-foreign.js';
import { UNREADABLE } from '../support/unreadable.js';

const { jest } = import.meta;

const FAILURE = new Error('foreign');

/** The ways in which a function can fail. */
const FAILING: [string, () => unknown][] = [
  ['throws', () => fail(FAILURE)],
  ['rejects', () => Promise.reject(FAILURE)],
  ['returns a thenable that rejects', () => thenable((_, reject) => reject(FAILURE))],
  ['returns a thenable that throws', () => thenable(() => fail(FAILURE))],
  ['returns a value whose then throws', () => new Proxy({}, { get: () => fail(FAILURE) })],
];

const HARMLESS: [string, unknown][] = [
  ['nothing', undefined],
  ['null', null],
  ['a value', { value: 1 }],
  ['a promise that never settles', new Promise(() => {})],
  ['a promise', Promise.resolve(1)],
];

afterEach(() => jest.restoreAllMocks());

describe('callForeign', () => {
  it('passes the receiver and the arguments on', () => {
    const sink = new Sink();
    const receiver = { sum: 0 };

    callForeign(add, receiver, [2, 3], sink, 'sum');

    expect(receiver.sum).toBe(5);
    expect(sink.errors).toEqual([]);
  });

  it.each(FAILING)('tells the sink where a function failed that %s', async (_, fn) => {
    const sink = new Sink();

    callForeign(fn, null, [], sink, 'a hook');

    expect(await sink.first()).toEqual([FAILURE, 'a hook']);
  });

  it.each(HARMLESS)('takes no offence at a function that returns %s', async (_, result) => {
    const sink = new Sink();

    callForeign(() => result, null, [], sink, 'a hook');
    await turn();

    expect(sink.errors).toEqual([]);
  });

  it('prints both errors when the sink throws itself', () => {
    const printed = jest.spyOn(console, 'error').mockImplementation(() => {});
    const late = new Error('of the sink');

    callForeign(() => fail(FAILURE), null, [], { onForeignError: () => fail(late) }, 'a hook');

    expect(printed.mock.calls).toEqual([[FAILURE], [late]]);
  });

  it('prints both errors when the sink throws because of a rejection', async () => {
    const late = new Error('of the sink');
    const printed = jest.spyOn(console, 'error').mockImplementation(() => {});

    callForeign(() => Promise.reject(FAILURE), null, [], { onForeignError: () => fail(late) }, 'a hook');
    await turn();

    expect(printed.mock.calls).toEqual([[FAILURE], [late]]);
  });
});

describe('callListeners', () => {
  it('calls every listener as emit does, although one before it failed', async () => {
    const emitter = new EventEmitter();
    const sink = new Sink();
    const heard: unknown[] = [];
    for (const [, fn] of FAILING) emitter.on('told', fn);
    emitter.on('told', function (this: unknown, ...args: unknown[]) {
      heard.push(this, ...args);
    });

    expect(callListeners(emitter, 'told', [1, 2], sink, 'a listener of told')).toBe(true);
    await turn();

    expect(heard).toEqual([emitter, 1, 2]);
    expect(sink.errors).toEqual(FAILING.map(() => [FAILURE, 'a listener of told']));
  });

  it('calls a once listener once, even if it causes the event again', () => {
    const emitter = new EventEmitter();
    const sink = new Sink();
    const listener = jest.fn(() => callListeners(emitter, 'told', [], sink, 'again'));
    emitter.once('told', listener);

    callListeners(emitter, 'told', [], sink, 'first');

    expect(listener).toHaveBeenCalledTimes(1);
    expect(emitter.listenerCount('told')).toBe(0);
  });

  it('reaches those who listened at its beginning, whoever comes and goes', () => {
    const emitter = new EventEmitter();
    const second = jest.fn();
    const added = jest.fn();
    emitter.on('told', () => emitter.off('told', second).on('told', added));
    emitter.on('told', second);

    callListeners(emitter, 'told', [], new Sink(), 'told');

    expect(second).toHaveBeenCalledTimes(1);
    expect(added).not.toHaveBeenCalled();
  });

  it.each(['told', 'error'])('does nothing where nobody listens for %s', (event) => {
    const sink = new Sink();

    expect(callListeners(new EventEmitter(), event, [FAILURE], sink, event)).toBe(false);
    expect(sink.errors).toEqual([]);
  });
});

describe('askForeign', () => {
  it('answers at once with a value', () => {
    const answer = jest.fn();

    askForeign(add, { sum: 0 }, [2, 3], answer);

    expect(answer.mock.calls).toEqual([[null, 5]]);
  });

  it('answers with the value of a promise, or of a thenable', async () => {
    const answer = jest.fn();

    askForeign(() => Promise.resolve(1), null, [], answer);
    askForeign(() => thenable((resolve) => resolve(2)), null, [], answer);
    await turn();

    expect(answer.mock.calls).toEqual([
      [null, 1],
      [null, 2],
    ]);
  });

  it.each(FAILING)('answers with the error of a function that %s', async (_, fn) => {
    const answer = jest.fn();

    askForeign(fn, null, [], answer);
    await turn();

    expect(answer.mock.calls).toEqual([[FAILURE]]);
  });

  it.each([undefined, null])('makes an error of %s', async (nothing) => {
    const answer = jest.fn((_error: unknown) => {});

    askForeign(() => fail(nothing), null, [], answer);
    askForeign(() => Promise.reject(nothing), null, [], answer);
    await turn();

    expect(answer.mock.calls.map(([error]) => error)).toEqual([expect.any(Error), expect.any(Error)]);
  });

  it('answers once to a thenable that settles again and again', async () => {
    const answer = jest.fn();
    const restless = thenable((resolve, reject) => {
      resolve(1);
      resolve(2);
      reject(FAILURE);
      throw FAILURE;
    });

    askForeign(() => restless, null, [], answer);
    await turn();

    expect(answer.mock.calls).toEqual([[null, 1]]);
  });

  it('does not take an error of the answer for one of the function', () => {
    const answer = jest.fn(() => fail(FAILURE));

    expect(() => askForeign(() => 1, null, [], answer)).toThrow(FAILURE);
    expect(answer).toHaveBeenCalledTimes(1);
  });
});

describe('watch', () => {
  it.each(FAILING.slice(1))('tells the sink of the result of a function that %s', async (_, fn) => {
    const sink = new Sink();

    watch(fn(), sink, 'addAll');

    expect(await sink.first()).toEqual([FAILURE, 'addAll']);
  });

  it.each(HARMLESS)('leaves %s alone', async (_, result) => {
    const sink = new Sink();

    watch(result, sink, 'addAll');
    await turn();

    expect(sink.errors).toEqual([]);
  });
});

describe('CONSOLE', () => {
  it.each(UNREADABLE)('shows something of an error whose %s', (_what, make) => {
    const shown = jest.spyOn(console, 'error').mockImplementation((value) => void inspect(value));

    CONSOLE.onForeignError(make(), undefined);
    callForeign(() => fail(make()), null, [], { onForeignError: (error) => fail(error) }, 'about');

    const results = shown.mock.results.map(({ type }) => type);
    shown.mockRestore();
    expect(results.filter((type) => type === 'return').length).toBeGreaterThanOrEqual(3);
  });
});

class Sink extends EventEmitter {
  readonly errors: [unknown, unknown][] = [];

  onForeignError(error: unknown, about: string): void {
    this.errors.push([error, about]);
    this.emit('told');
  }

  async first(): Promise<[unknown, unknown]> {
    if (this.errors.length === 0) await once(this, 'told');
    return this.errors[0];
  }
}

function add(this: { sum: number }, a: number, b: number): number {
  return (this.sum = a + b);
}

type Then = (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void;

function thenable(then: Then): PromiseLike<unknown> {
  // oxlint-disable-next-line unicorn/no-thenable -- what libraries with promises of their own return
  return { then } as PromiseLike<unknown>;
}

function fail(error: unknown): never {
  throw error;
}

/** All microtasks have run, and unhandled rejections have been reported. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
