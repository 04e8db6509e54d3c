import { jsonDepthExceeds } from '../../../src/socketio/codec/json-depth.js';

describe('jsonDepthExceeds', () => {
  it.each([
    ['1', 0],
    ['"[[["', 0],
    ['[]', 1],
    ['{}', 1],
    ['[[]]', 2],
    ['[{"a":[{}]}]', 4],
    ['[[],[],[[]]]', 3],
    ['["]",["[[[["]]', 2],
    ['["\\"[",["\\\\"]]', 2],
    ['{"[":{"]":"\\"}"}}', 2],
    ['["\\u005b",[]]', 2],
  ])('finds the depth of %s, which is %i', (json, depth) => {
    expect(depthOf(JSON.parse(json))).toBe(depth);
    expect(jsonDepthExceeds(json, depth)).toBe(false);
    expect(depth === 0 || jsonDepthExceeds(json, depth - 1)).toBe(true);
  });

  it.each([1, 2, 255, 256, 257, 5000])('holds the bound exactly at %i levels of arrays, objects and both', (levels) => {
    for (const json of [
      '['.repeat(levels) + ']'.repeat(levels),
      '{"a":'.repeat(levels) + '1' + '}'.repeat(levels),
      `${'[{"a":'.repeat(Math.floor(levels / 2))}${levels % 2 === 1 ? '[]' : '1'}${'}]'.repeat(Math.floor(levels / 2))}`,
    ]) {
      JSON.parse(json);
      expect(jsonDepthExceeds(json, levels)).toBe(false);
      expect(jsonDepthExceeds(json, levels - 1)).toBe(true);
    }
  });

  it('counts levels, not brackets', () => {
    const json = `[${'[],{},'.repeat(10_000)}[]]`;
    expect(jsonDepthExceeds(json, 2)).toBe(false);
    expect(jsonDepthExceeds(json, 1)).toBe(true);
  });

  it('does as a recursive count would, over random values', () => {
    const random = seeded(7);
    for (let i = 0; i < 2000; i++) {
      const value = randomValue(random, 8);
      const depth = depthOf(value);
      const json = JSON.stringify(value, null, random() < 0.2 ? 2 : 0);
      expect(jsonDepthExceeds(json, depth)).toBe(false);
      if (depth > 0) expect(jsonDepthExceeds(json, depth - 1)).toBe(true);
    }
  });

  it.each(['', '[', ']]]][', '"', '"\\', '{"a', '[[[[', ']['])('takes no offence at %j, which is not JSON', (text) => {
    expect(() => jsonDepthExceeds(text, 1)).not.toThrow();
  });

  it.each([
    ['brackets', '['.repeat(2_000_000)],
    ['strings of brackets', `["${'['.repeat(2_000_000)}"]`],
    ['escapes', `["${'\\\\'.repeat(1_000_000)}"]`],
    ['shallow lists', `[${'[],'.repeat(600_000)}1]`],
  ])('walks two million %s in a moment', (_kind, json) => {
    const started = performance.now();
    jsonDepthExceeds(json, 256);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

const TEXTS = ['', '[', ']', '{', '}', '"', '\\', '\\"', '[[', '"]', 'a"[{', '\n', 'é€😀'];

function randomValue(random: () => number, levels: number): unknown {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  const kind = levels === 0 ? random() * 0.4 : random();
  if (kind < 0.3) return pick(TEXTS);
  if (kind < 0.4) return pick([0, -1.5, true, null]);
  const items = Array.from({ length: Math.floor(random() * 4) }, () => randomValue(random, levels - 1));
  return kind < 0.7 ? items : Object.fromEntries(items.map((item, i) => [pick(TEXTS) + i, item]));
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}
