import { TimerWheel } from '../../../src/common/timer-wheel.js';
import { AdapterClaims, type Claims } from '../../../src/socketio/cluster/claims.js';

describe('AdapterClaims', () => {
  const store = (claim: () => unknown): AdapterClaims => new AdapterClaims({ claim } as Claims, new TimerWheel(), 20);

  it('hands on what the store answers', async () => {
    const answer = { isMine: true, value: 'mine' };
    const asked: unknown[] = [];
    const claims = store((...args: unknown[]) => {
      asked.push(args);
      return Promise.resolve(answer);
    });
    expect(await claims.claim('key', 'mine', 5, false)).toBe(answer);
    expect(asked).toEqual([['key', 'mine', 5, false]]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('away');
      },
      'away',
    ],
    ['rejects', () => Promise.reject(new Error('away')), 'away'],
    ['never answers', () => new Promise(() => {}), 'did not answer in time'],
  ])('rejects if the store %s', async (_what, claim, message) => {
    await expect(store(claim).claim('key', 'value', 5, false)).rejects.toThrow(message);
  });
});
