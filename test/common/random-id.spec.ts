import { randomId } from '../../src/engine/index.js';

describe('randomId', () => {
  it('makes 20 characters of the URL alphabet, each id once [U4]', () => {
    const ids = Array.from({ length: 20_000 }, randomId);
    expect(ids.every((id) => /^[A-Za-z0-9_-]{20}$/.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('uses the whole alphabet at each place', () => {
    const ids = Array.from({ length: 20_000 }, randomId);
    for (let place = 0; place < 20; place++) expect(new Set(ids.map((id) => id[place])).size).toBe(64);
  });
});
