import { PingGroups } from '../../../src/engine/session/ping-groups.js';

const INTERVAL = 25_000;

describe('PingGroups', () => {
  it('gathers due times, never later and at most a 64th of the interval earlier', () => {
    const groups = new PingGroups(INTERVAL);
    const joined = new Set<number>();
    for (let due = 100_000; due < 100_000 + INTERVAL; due += 17.3) {
      const time = groups.join(due);
      expect(time).toBeLessThanOrEqual(due);
      expect(time).toBeGreaterThan(due - INTERVAL / 64);
      joined.add(time);
    }
    expect(joined.size).toBeLessThanOrEqual(65);
  });

  it('makes more groups where too many are due at about the same time', () => {
    const groups = new PingGroups(INTERVAL);
    const sizes = new Map<number, number>();
    // 20,000 clients come back within a second.
    for (let i = 0; i < 20_000; i++) {
      const time = groups.join(100_000 + i / 20);
      sizes.set(time, (sizes.get(time) ?? 0) + 1);
    }
    expect(Math.max(...sizes.values())).toBeLessThanOrEqual(2 * 256);
    expect(sizes.size).toBeLessThan(200);
  });

  it('forgets who leaves, whatever was added to the time', () => {
    const groups = new PingGroups(33.7);
    const due = 33.7 * 100.01;
    const times = Array.from({ length: 10_000 }, () => groups.join(due));
    expect(new Set(times).size).toBeGreaterThan(5);
    for (const [i, time] of times.entries()) {
      let next = time;
      for (let round = 0; round < i % 50; round++) next += 33.7;
      groups.leave(next);
    }
    expect(groups.join(due)).toBe(times[0]);
  });
});
