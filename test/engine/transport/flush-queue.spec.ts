import { FlushQueue } from '../../../src/engine/transport/flush-queue.js';
import { surfacedErrors } from '../../support/surfaced.js';

describe('FlushQueue', () => {
  it('flushes at the end of the tick, in the order of enlisting', async () => {
    const queue = new FlushQueue();
    const flushed: string[] = [];
    for (const name of ['a', 'b', 'c']) queue.enlist({ flush: () => void flushed.push(name) });

    expect(flushed).toEqual([]);
    await Promise.resolve().then(() => new Promise<void>((resolve) => process.nextTick(resolve)));

    expect(flushed).toEqual(['a', 'b', 'c']);
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

  it('flushes everyone else, now and later, where one of them throws', () => {
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
      queue.enlist({ flush: () => void flushed.push('in the next tick') });
    });

    expect(surfaced).toEqual(['of a callback']);
    expect(flushed).toEqual(['behind it', 'in the next tick']);
  });
});
