import { FlushQueue } from '../../../src/engine/transport/flush-queue.js';
import { surfacedErrors } from '../../support/surfaced.js';

const { jest } = import.meta;

afterEach(() => jest.restoreAllMocks());

function recordedQueue(isImmediate = false) {
  const queue = new FlushQueue(isImmediate);
  const flushed: string[] = [];
  return { queue, flushed, enlist: (name: string) => queue.enlist({ flush: () => void flushed.push(name) }) };
}

function nextTick(): Promise<void> {
  return Promise.resolve().then(() => new Promise<void>((resolve) => process.nextTick(resolve)));
}

/** Time passes only when it is told to. */
function freezeClock() {
  let now = performance.now();
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  return { advance: (ms: number) => void (now += ms) };
}

describe('FlushQueue', () => {
  it('flushes once at the end of the turn, in the order of enlisting', async () => {
    const { queue, flushed, enlist } = recordedQueue();
    freezeClock();
    enlist('a');
    await nextTick();
    void queue.tick;
    enlist('b');
    await nextTick();
    queue.beforeInput();
    enlist('c');

    expect(flushed).toEqual([]);
    await new Promise(setImmediate);

    expect(flushed).toEqual(['a', 'b', 'c']);
  });

  it('flushes at the end of the tick if transports write at once', async () => {
    const { flushed, enlist } = recordedQueue(true);
    enlist('a');
    await nextTick();
    expect(flushed).toEqual(['a']);
  });

  it('flushes what has waited for more than a millisecond when a callback that sends ends', async () => {
    const { queue, flushed, enlist } = recordedQueue();
    const clock = freezeClock();
    enlist('early');
    void queue.tick;
    clock.advance(1);
    await nextTick();
    expect(flushed).toEqual([]);

    void queue.tick;
    clock.advance(0.1);
    await nextTick();

    expect(flushed).toEqual(['early']);
  });

  it('flushes what has waited for more than a millisecond when a callback that receives begins', async () => {
    const { queue, flushed, enlist } = recordedQueue();
    const clock = freezeClock();
    enlist('early');
    void queue.tick;
    await nextTick();
    // The time was looked at a moment ago.
    queue.beforeInput();
    clock.advance(5);
    expect(flushed).toEqual([]);

    queue.beforeInput();

    expect(flushed).toEqual(['early']);
  });

  it('counts ticks, not turns', async () => {
    const { queue } = recordedQueue();
    const first = queue.tick;
    expect(queue.tick).toBe(first);
    await nextTick();
    expect(queue.tick).toBeGreaterThan(first);
  });

  it('flushes in the same pass what is enlisted by a flush', () => {
    const queue = new FlushQueue();
    const flushed: string[] = [];
    queue.enlist({
      flush() {
        flushed.push('first');
        queue.enlist({ flush: () => void flushed.push('second') });
      },
    });

    queue.flush();

    expect(flushed).toEqual(['first', 'second']);
  });

  it('flushes nobody twice', () => {
    const queue = new FlushQueue();
    let count = 0;
    queue.enlist({ flush: () => void count++ });

    queue.flush();
    queue.flush();

    expect(count).toBe(1);
  });

  it('flushes everyone else, now and later, where one of them throws', async () => {
    const queue = new FlushQueue();
    const flushed: string[] = [];
    const surfaced = surfacedErrors(() => {
      queue.enlist({
        flush() {
          throw new Error('of a callback');
        },
      });
      queue.enlist({ flush: () => void flushed.push('behind it') });
      queue.flush();
      queue.enlist({ flush: () => void flushed.push('in the next turn') });
    });
    await new Promise(setImmediate);

    expect(surfaced).toEqual(['of a callback']);
    expect(flushed).toEqual(['behind it', 'in the next turn']);
  });
});
