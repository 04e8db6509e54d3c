import { HandshakeRate } from '../../../src/engine/handshake/handshake-rate.js';

const NONE = 'TOO_MANY_HANDSHAKES';
const SHARE = 'TOO_MANY_HANDSHAKES_PER_IP';

describe('HandshakeRate', () => {
  it('gives an address that asks alone everything at once, then the rate', () => {
    const rate = new HandshakeRate(4);
    expect(Array.from({ length: 6 }, () => rate.take('a', 0))).toEqual([null, null, null, null, NONE, NONE]);
    expect([rate.take('a', 249), rate.take('a', 250), rate.take('a', 250)]).toEqual([NONE, null, NONE]);
  });

  it.each([1, 3, 9])('leaves another address its share, however often %i others ask', (count) => {
    const rate = new HandshakeRate(20);
    let granted = 0;
    let refused = 0;
    for (let now = 0; now < 10_000; now += 4) {
      for (let i = 0; i < count; i++) rate.take(`attacker ${i}`, now);
      // From the second second on, twice as often as its share.
      if (now < 1_500 || now % Math.round(25 * (count + 1)) >= 4) continue;
      if (rate.take('victim', now) === null) granted++;
      else refused++;
    }
    const seconds = 8.5;
    expect(granted).toBeGreaterThanOrEqual(Math.floor((seconds * 20) / (count + 1)) - 3);
    expect(refused).toBeGreaterThan(0);
  });

  it('says of an address that has used up its share that it was the address', () => {
    const rate = new HandshakeRate(10);
    rate.take('other', 0);
    expect(Array.from({ length: 6 }, () => rate.take('a', 0))).toEqual([null, null, null, null, null, SHARE]);
  });

  it('lets each address in once, even if there are more of them than tokens in a second', () => {
    const rate = new HandshakeRate(2);
    const taken = Array.from({ length: 10 }, (_, i) => rate.take(`address ${i}`, i * 500));
    expect(taken).toEqual(Array<null>(10).fill(null));
  });

  it('forgets addresses that no longer ask', () => {
    const rate = new HandshakeRate(10);
    for (let i = 0; i < 9; i++) rate.take(`address ${i}`, 0);
    expect(Array.from({ length: 10 }, () => rate.take('a', 5_000))).toEqual(Array<null>(10).fill(null));
  });
});
