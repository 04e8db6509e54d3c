import { Rate, TokenBucket } from '../../src/engine/index.js';

describe('TokenBucket', () => {
  it('gives as many tokens at once as the limit says, then one each time that one has come back', () => {
    const bucket = new TokenBucket(new Rate(3, 300));
    const start = 1_000;

    expect([bucket.take(start), bucket.take(start), bucket.take(start)]).toEqual([0, 0, 0]);
    expect(bucket.take(start)).toBeCloseTo(100);
    expect(bucket.take(start + 99)).toBeCloseTo(1);
    expect(bucket.take(start + 100)).toBe(0);
    expect(bucket.take(start + 100)).toBeCloseTo(100);
  });

  it('holds no more than it can, however long nobody comes', () => {
    const bucket = new TokenBucket(new Rate(2, 200));
    for (const now of [0, 0]) bucket.take(now);

    expect([bucket.take(1e9), bucket.take(1e9)]).toEqual([0, 0]);
    expect(bucket.take(1e9)).toBeCloseTo(100);
  });

  it('lets as many through at once as burst says, at the same rate', () => {
    const bucket = new TokenBucket(new Rate(10, 1_000, 2));

    expect([bucket.take(0), bucket.take(0)]).toEqual([0, 0]);
    expect(bucket.take(0)).toBeCloseTo(100);
    expect(passed(bucket, 100, 10_000, 10)).toBe(100);
  });

  it.each([
    [7, 1_000],
    [3, 1_000],
    [1_000, 60_000],
    [2_000, 1_000],
    [1, 86_400_000],
  ])('gives %i per %i ms to the token, far from the start of the clock', (limit, interval) => {
    const bucket = new TokenBucket(new Rate(limit, interval));
    const start = 9_876_543_210.123;
    for (let i = 0; i < limit; i++) expect(bucket.take(start)).toBe(0);

    expect(bucket.take(start)).toBeGreaterThan(0);
    expect(bucket.take(start + (interval / limit) * 0.5)).toBeGreaterThan(0);
    expect(bucket.take(start + interval / limit + 0.01)).toBe(0);
  });

  it('pays nothing for a refusal', () => {
    const bucket = new TokenBucket(new Rate(1, 100));
    bucket.take(0);
    for (let i = 0; i < 1_000; i++) bucket.take(50);

    expect(bucket.take(100)).toBe(0);
  });

  it('says how long to wait, and takes nothing by that', () => {
    const bucket = new TokenBucket(new Rate(1, 100));
    expect([bucket.wait(0), bucket.wait(0), bucket.take(0)]).toEqual([0, 0, 0]);
    expect([bucket.wait(40), bucket.wait(100)]).toEqual([60, 0]);
  });

  it('knows when it is full again', () => {
    const bucket = new TokenBucket(new Rate(2, 200));
    expect(bucket.isFull(0)).toBe(true);
    bucket.take(0);
    expect([bucket.isFull(99), bucket.isFull(100)]).toEqual([false, true]);
  });
});

/** How many tokens somebody gets who asks every `step` milliseconds. */
function passed(bucket: TokenBucket, from: number, duration: number, step: number): number {
  let count = 0;
  for (let now = from; now < from + duration; now += step) if (bucket.take(now) === 0) count++;
  return count;
}
