import { HeartbeatV3 } from '../../../src/engine/session/heartbeat-v3.js';
import { TimerWheel } from '../../../src/common/timer-wheel.js';

const { jest } = import.meta;

describe('HeartbeatV3', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  function watch(window: number) {
    const started = performance.now();
    const silences: number[] = [];
    const peer = {
      bytesReceived: 0,
      onPingDue: () => {},
      onSilence: () => void silences.push(Math.round(performance.now() - started)),
    };
    const wheel = new TimerWheel();
    const watch = new HeartbeatV3(wheel, window, peer);
    watch.start();
    return { watch, wheel, peer, silences };
  }

  it('tells of silence once, after the window', () => {
    const { silences, wheel } = watch(1000);

    jest.advanceTimersByTime(999);
    expect(silences).toEqual([]);
    jest.advanceTimersByTime(5000);

    expect(silences).toEqual([1000]);
    expect(wheel.size).toBe(0);
  });

  it('counts from the last ping', () => {
    const { watch: watched, peer, silences } = watch(1000);

    jest.advanceTimersByTime(900);
    peer.bytesReceived += 1;
    watched.restart();
    jest.advanceTimersByTime(5000);

    expect(silences).toEqual([1900]);
  });

  it('takes other bytes for life, for one window more', () => {
    const { peer, silences } = watch(1000);

    jest.advanceTimersByTime(500);
    peer.bytesReceived += 1;
    jest.advanceTimersByTime(5000);

    expect(silences).toEqual([2000]);
  });

  it('gives a peer time that a stalled process could not listen to', () => {
    const { peer, silences } = watch(1000);
    jest.advanceTimersByTime(990);
    const stalled = performance.now() + 400;
    const clock = jest.spyOn(performance, 'now').mockReturnValue(stalled);
    jest.advanceTimersByTime(10);
    clock.mockRestore();
    expect(silences).toEqual([]);

    peer.bytesReceived += 1;
    jest.advanceTimersByTime(1500);

    expect(silences).toEqual([]);
  });

  it('stops', () => {
    const { watch: watched, wheel, silences } = watch(1000);

    watched.stop();
    jest.advanceTimersByTime(5000);

    expect([silences, wheel.size]).toEqual([[], 0]);
  });
});
