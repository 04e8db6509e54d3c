import { Timer, TimerEntry, TimerWheel } from '../../src/engine/index.js';
import { surfacedErrors } from '../support/surfaced.js';

const { jest } = import.meta;
const SECOND = 1024;

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

describe('TimerWheel', () => {
  it.each([1, 2, 500, 1022, 1023, 1024, 1025, 2047, 2048, 2049, 30_000, 1_047_551, 1_047_552, 1_048_576, 5_000_000])(
    'fires an entry %i ms later, not sooner, once',
    (delay) => {
      const wheel = new TimerWheel();
      const fired = jest.fn();
      wheel.schedule(new Timer(fired), delay);

      jest.advanceTimersByTime(delay - 1);
      expect(fired).not.toHaveBeenCalled();
      jest.advanceTimersByTime(2);
      expect(fired).toHaveBeenCalledTimes(1);
      jest.advanceTimersByTime(3 * SECOND);
      expect(fired).toHaveBeenCalledTimes(1);
    },
  );

  it.each([0, -1, -1_000_000, NaN])('fires an entry with the delay %i at the next turn, not at once', (delay) => {
    const wheel = new TimerWheel();
    const fired = jest.fn();

    wheel.schedule(new Timer(fired), delay);

    expect(fired).not.toHaveBeenCalled();
    jest.advanceTimersByTime(2);
    expect(fired).toHaveBeenCalledTimes(1);
  });

  it('fires entries of one millisecond in the order in which they were scheduled', () => {
    const wheel = new TimerWheel();
    const fired: number[] = [];
    for (let i = 0; i < 10; i++) wheel.schedule(new Timer(() => fired.push(i)), 50);

    jest.advanceTimersByTime(51);

    expect(fired).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('moves an entry that is scheduled again', () => {
    const wheel = new TimerWheel();
    const fired = jest.fn();
    const timer = new Timer(fired);
    wheel.schedule(timer, 10);
    wheel.schedule(timer, 5000);

    expect(wheel.size).toBe(1);
    jest.advanceTimersByTime(4999);
    expect(fired).not.toHaveBeenCalled();
    jest.advanceTimersByTime(2);
    expect(fired).toHaveBeenCalledTimes(1);
    expect(wheel.size).toBe(0);
  });

  it('forgets an entry that is cancelled, and takes no offence at a second time', () => {
    const wheel = new TimerWheel();
    const fired = jest.fn();
    const timer = new Timer(fired);
    wheel.schedule(timer, 10);

    wheel.cancel(timer);
    wheel.cancel(timer);

    expect(wheel.size).toBe(0);
    jest.advanceTimersByTime(5000);
    expect(fired).not.toHaveBeenCalled();
  });

  it('sleeps until the next entry is due, and keeps no native timer without entries', () => {
    const wheel = new TimerWheel();
    const timer = new Timer(() => {});

    wheel.schedule(timer, 600_000);
    expect(jest.getTimerCount()).toBe(1);
    wheel.cancel(timer);

    expect(jest.getTimerCount()).toBe(0);
  });

  it('wakes seldom for an entry that lies far ahead', () => {
    const wheel = new TimerWheel();
    const wakes = jest.spyOn(globalThis, 'setTimeout');
    const fired = jest.fn();
    wheel.schedule(new Timer(fired), 100_000);

    jest.advanceTimersByTime(100_001);

    expect(fired).toHaveBeenCalledTimes(1);
    expect(wakes.mock.calls.length).toBeLessThan(10);
    wakes.mockRestore();
  });

  it('lets a callback cancel entries of the same millisecond and of later ones', () => {
    const wheel = new TimerWheel();
    const fired: string[] = [];
    const same = new Timer(() => fired.push('same'));
    const later = new Timer(() => fired.push('later'));
    wheel.schedule(
      new Timer(() => {
        fired.push('first');
        wheel.cancel(same);
        wheel.cancel(later);
      }),
      20,
    );
    wheel.schedule(same, 20);
    wheel.schedule(later, 21);

    jest.advanceTimersByTime(5000);

    expect(fired).toEqual(['first']);
    expect(wheel.size).toBe(0);
  });

  it('lets a callback schedule its own entry again, which makes a cadence', () => {
    const wheel = new TimerWheel();
    const started = TimerWheel.now();
    const fired: number[] = [];
    const entry: TimerEntry = new Timer(() => {
      fired.push(Math.round(TimerWheel.now() - started));
      if (fired.length < 5) wheel.scheduleAt(entry, entry.due + 700);
    });
    wheel.schedule(entry, 700);

    jest.advanceTimersByTime(10_000);

    expect(fired).toEqual([700, 1400, 2100, 2800, 3500]);
  });

  it('lets a callback schedule others, at once and exactly one round of slots away', () => {
    const wheel = new TimerWheel();
    const fired: string[] = [];
    wheel.schedule(
      new Timer(() => {
        wheel.schedule(new Timer(() => fired.push('at once')), 0);
        wheel.schedule(new Timer(() => fired.push('a round later')), SECOND);
      }),
      5,
    );

    jest.advanceTimersByTime(8);
    expect(fired).toEqual(['at once']);
    jest.advanceTimersByTime(SECOND - 5);
    expect(fired).toEqual(['at once']);
    jest.advanceTimersByTime(4);
    expect(fired).toEqual(['at once', 'a round later']);
  });

  it('fires everything that fell due while the process was stalled, in order of time', () => {
    const wheel = new TimerWheel();
    const fired: number[] = [];
    for (const delay of [3000, 10, 5000, 1024, 700]) wheel.schedule(new Timer(() => fired.push(delay)), delay);
    const stalled = performance.now() + 20_000;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => stalled);

    jest.advanceTimersByTime(10);

    expect(fired).toEqual([10, 700, 1024, 3000, 5000]);
    clock.mockRestore();
  });

  it('fires the other entries of the millisecond, in time, where one of them throws', () => {
    const wheel = new TimerWheel();
    const fired: string[] = [];
    wheel.schedule(new Timer(() => fired.push('before')), 20);
    wheel.schedule(
      new Timer(() => {
        throw new Error('of its own');
      }),
      20,
    );
    wheel.schedule(new Timer(() => fired.push('same millisecond')), 20);
    wheel.schedule(new Timer(() => fired.push('later')), 25);

    const surfaced = surfacedErrors(() => jest.advanceTimersByTime(26));

    expect(surfaced).toEqual(['of its own']);
    expect(fired).toEqual(['before', 'same millisecond', 'later']);
    expect(wheel.size).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each([1, 2, 3])('does as a sorted list would, over thousands of random timers (seed %i)', (seed) => {
    const random = seeded(seed);
    const wheel = new TimerWheel();
    const origin = Math.ceil(TimerWheel.now());
    const entries: RecordingEntry[] = [];
    const expected = new Map<RecordingEntry, number>();
    const fired = new Map<RecordingEntry, number>();
    let now = 0;

    for (let step = 0; step < 4000; step++) {
      const entry = random() < 0.7 ? new RecordingEntry(fired, origin) : entries[Math.floor(random() * entries.length)];
      if (entry === undefined) continue;
      if (entry.wheelSlot !== null && random() < 0.4) {
        wheel.cancel(entry);
        expected.delete(entry);
      } else {
        // A mixture of near ones, of the next seconds, and of a range beyond the wheel.
        const delay = Math.floor(random() * [30, 1100, 40_000, 3_000_000][Math.floor(random() * 4)]) + 1;
        wheel.scheduleAt(entry, origin + now + delay);
        expected.set(entry, now + delay);
        fired.delete(entry);
        entries.push(entry);
      }
      if (random() < 0.5) {
        const pause = Math.floor(random() * (random() < 0.05 ? 60_000 : 40));
        jest.advanceTimersByTime(pause);
        now += pause;
      }
    }
    jest.advanceTimersByTime(3_100_000);

    expect(wheel.size).toBe(0);
    expect(fired.size).toBe(expected.size);
    for (const [entry, due] of expected) expect(fired.get(entry)).toBe(due);
  });
});

/** Remembers the millisecond in which it fired. */
class RecordingEntry extends TimerEntry {
  constructor(
    private readonly fired: Map<RecordingEntry, number>,
    private readonly origin: number,
  ) {
    super();
  }

  override onTimer(): void {
    this.fired.set(this, Math.floor(TimerWheel.now()) - this.origin);
  }
}

/** A small generator of numbers from 0 to 1 (mulberry32), the same in each run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
