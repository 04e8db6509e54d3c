import { buildPackage } from '../support/sample.js';
import { runFixture } from './support/run-fixture.js';

describe('Sentry', () => {
  beforeAll(() => buildPackage(), 120_000);

  it('captures unexpected errors once, within their trace, expected ones not, and has a transaction of each event', async () => {
    expect(await runFixture('sentry.mjs')).toEqual({
      errors: [{ name: 'a bug', within: '/chat/fail' }],
      transactions: [
        { name: 'connect /chat', status: 'ok' },
        { name: '/chat/ok', status: 'ok' },
        { name: '/chat/refuse', status: 'internal_error' },
        { name: '/chat/missing', status: 'internal_error' },
        { name: '/chat/fail', status: 'internal_error' },
        { name: '/chat/heard', status: 'ok' },
        { name: '/chat/ok', status: 'ok' },
      ],
    });
  });
});
