import { PingGroups } from '../../../src/engine/session/ping-groups.js';
import { TimerWheel } from '../../../src/engine/index.js';
import { Heartbeat, type HeartbeatListener } from '../../../src/engine/session/heartbeat.js';

const { jest } = import.meta;

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.restoreAllMocks().useRealTimers());

describe('Heartbeat', () => {
  it('pings every interval exactly, however the peer answers [B3]', () => {
    const { pings } = watch({
      interval: 1000,
      timeout: 400,
      onPing: (peer) => setTimeout(() => peer.bytesReceived++, 250),
    });

    jest.advanceTimersByTime(10_000);

    expect(pings).toEqual([1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000]);
  });

  it('pings together with those that started at about the same time, at most a 64th of the interval early', () => {
    const wheel = new TimerWheel();
    const groups = new PingGroups(1280);
    const firsts: number[] = [];
    for (let start = 0; start < 100; start++) {
      const peer = { bytesReceived: 0, onPingDue: () => void firsts.push(Date.now()), onSilence: () => {} };
      new Heartbeat(wheel, groups, 1000, peer).start();
      jest.advanceTimersByTime(1);
    }
    const begin = Date.now() - 100;

    jest.advanceTimersByTime(1280);

    expect(firsts).toHaveLength(100);
    expect(new Set(firsts).size).toBeLessThanOrEqual(6);
    for (const [start, first] of firsts.entries()) {
      expect(first - begin - start).toBeLessThanOrEqual(1280);
      expect(first - begin - start).toBeGreaterThan(1280 - 20);
    }
  });

  it('keeps a cadence of fractions without drifting', () => {
    const { pings } = watch({ interval: 33.5, timeout: 20, onPing: (peer) => peer.bytesReceived++ });

    jest.advanceTimersByTime(33_500);

    expect(pings).toHaveLength(1000);
    expect(pings.at(-1)).toBe(33_500);
  });

  it('tells of silence once, when not a byte came within the timeout after a ping [B2]', () => {
    const { pings, silences } = watch({ interval: 1000, timeout: 400 });

    jest.advanceTimersByTime(10_000);

    expect(pings).toEqual([1000]);
    expect(silences).toEqual([1400]);
  });

  it('takes bytes within the timeout for life, bytes before the ping not [B4]', () => {
    const { peer, silences } = watch({ interval: 1000, timeout: 400 });

    jest.advanceTimersByTime(999);
    peer.bytesReceived += 10;
    jest.advanceTimersByTime(400);
    expect(silences).toEqual([]);
    jest.advanceTimersByTime(10);

    expect(silences).toEqual([1400]);
  });

  it('takes bytes in the last millisecond of the timeout for life', () => {
    const { peer, silences } = watch({ interval: 1000, timeout: 400 });

    jest.advanceTimersByTime(1399);
    peer.bytesReceived++;
    jest.advanceTimersByTime(600);

    expect(silences).toEqual([]);
  });

  it('goes on pinging while it waits, where the timeout is longer than the interval', () => {
    const { pings, silences } = watch({ interval: 1000, timeout: 2500 });

    jest.advanceTimersByTime(10_000);

    expect(pings).toEqual([1000, 2000, 3000]);
    expect(silences).toEqual([3500]);
  });

  it('keeps a peer that answers each ping late but within a timeout longer than the interval', () => {
    const { pings, silences } = watch({
      interval: 1000,
      timeout: 2500,
      onPing: (peer) => setTimeout(() => peer.bytesReceived++, 2400),
    });

    jest.advanceTimersByTime(20_000);

    expect(pings).toHaveLength(20);
    expect(silences).toEqual([]);
  });

  it('forgives its own stall once: what the peer sent may wait in the kernel', () => {
    const { peer, silences } = watch({ interval: 1000, timeout: 400 });
    jest.advanceTimersByTime(1001);

    stall(600);
    jest.advanceTimersByTime(400);
    expect(silences).toEqual([]);
    peer.bytesReceived++;
    jest.advanceTimersByTime(500);

    expect(silences).toEqual([]);
  });

  it('ends a peer that stays silent after a stall', () => {
    const { silences } = watch({ interval: 1000, timeout: 400 });
    jest.advanceTimersByTime(1001);

    stall(600);
    jest.advanceTimersByTime(1000);

    // The deadline at 1400 is seen at 2000, and the stall's length, at most a timeout, is given on top.
    expect(silences).toEqual([2400]);
  });

  it('sends one ping after a stall, not one for each that was missed, and keeps the cadence', () => {
    const { pings } = watch({ interval: 1000, timeout: 400, onPing: (peer) => peer.bytesReceived++ });
    jest.advanceTimersByTime(500);

    stall(5200);
    jest.advanceTimersByTime(1500);

    expect(pings).toEqual([6200, 7000]);
  });

  it('stops for good', () => {
    const { heartbeat, pings, silences, wheel } = watch({ interval: 1000, timeout: 400 });
    jest.advanceTimersByTime(1200);

    heartbeat.stop();
    jest.advanceTimersByTime(10_000);

    expect({ pings, silences }).toEqual({ pings: [1000], silences: [] });
    expect(wheel.size).toBe(0);
  });

  it('leaves no timer where it is stopped while it pings', () => {
    const { heartbeat, wheel } = watch({ interval: 1000, timeout: 400, onPing: () => heartbeat.stop() });

    jest.advanceTimersByTime(1000);

    expect(wheel.size).toBe(0);
  });

  it('expects no answer on a transport that was changed, and keeps the cadence', () => {
    const { heartbeat, peer, pings, silences } = watch({ interval: 1000, timeout: 400 });
    jest.advanceTimersByTime(1100);

    peer.bytesReceived = 0;
    heartbeat.restart();
    jest.advanceTimersByTime(1200);

    expect({ pings, silences }).toEqual({ pings: [1000, 2000], silences: [] });
    jest.advanceTimersByTime(200);
    expect(silences).toEqual([2400]);
  });
});

interface Watched {
  interval: number;
  timeout: number;
  onPing?: (peer: { bytesReceived: number }) => unknown;
}

/** A heartbeat that was started, and the milliseconds since then in which it called its peer. */
function watch({ interval, timeout, onPing }: Watched) {
  const wheel = new TimerWheel();
  const pings: number[] = [];
  const silences: number[] = [];
  // At a whole millisecond, where a group of pings is due as well.
  jest.advanceTimersByTime(2 * interval - (TimerWheel.now() % (2 * interval)));
  const started = TimerWheel.now();
  const elapsed = (): number => Math.floor(TimerWheel.now() - started);
  const peer: HeartbeatListener & { bytesReceived: number } = {
    bytesReceived: 0,
    onPingDue() {
      pings.push(elapsed());
      onPing?.(peer);
    },
    onSilence: () => void silences.push(elapsed()),
  };
  const heartbeat = new Heartbeat(wheel, new PingGroups(interval), timeout, peer);
  heartbeat.start();
  return { heartbeat, peer, pings, silences, wheel };
}

/** Time goes by without a timer being looked at. */
function stall(ms: number): void {
  const now = performance.now.bind(performance);
  jest.spyOn(performance, 'now').mockImplementation(() => now() + ms);
}
