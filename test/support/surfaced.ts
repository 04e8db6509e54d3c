const { jest } = import.meta;

/** The messages of the errors that surface by themselves, as uncaught exceptions, in the tick after `run`. */
export function surfacedErrors(run: () => void): string[] {
  const ticks: (() => unknown)[] = [];
  const nextTick = jest.spyOn(process, 'nextTick');
  nextTick.mockImplementation((callback, ...args) => void ticks.push(() => Reflect.apply(callback, null, args)));
  try {
    run();
  } finally {
    nextTick.mockRestore();
  }
  return ticks.flatMap((tick) => {
    try {
      tick();
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  });
}
