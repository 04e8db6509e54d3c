import { buildPackage } from '../support/sample.js';
import { runFixture } from './support/run-fixture.js';

describe('an instrumentation of the one copy of the package', () => {
  beforeAll(() => buildPackage(), 120_000);

  it.each([
    ['server-last', 'esm'],
    ['server-last', 'cjs'],
    ['server-first', 'esm'],
    ['server-first', 'cjs'],
  ])('sees a server of the other, %s, in %s', async (order, format) => {
    expect(await runFixture('mixed-formats.mjs', order, format)).toEqual({
      sum: 3,
      spans: ['connect /', '/sum'],
      opened: 1,
      calls: 1,
    });
  });
});
