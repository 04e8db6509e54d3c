import { TimerWheel } from '../../../src/engine/index.js';
import { randomId } from '../../../src/common/random-id.js';
import { RecoveryMemory } from '../../../src/socketio/recovery/recovery-memory.js';
import { cleanup } from '../../support/cleanup.js';
import { collect } from '../../support/garbage.js';

describe('RecoveryMemory', () => {
  it('holds little of a session that has no more than its ids, and gives it back as it was', async () => {
    const memory = new RecoveryMemory({
      wheel: new TimerWheel(),
      maxDisconnectionDuration: 60_000,
      noticeDuration: 60_000,
      maxLogBytes: Infinity,
      onSessionExpired: () => {},
    });
    cleanup(() => memory.suspend());
    const since = memory.offsets.of(7);
    const before = await heldNow();

    for (let i = 0; i < COUNT; i++) {
      const sid = randomId();
      memory.save(`/room-${i}`, { sid, pid: randomId(), rooms: [sid], data: {}, since }, true);
    }

    const held = (await heldNow()) - before;
    expect(held / COUNT).toBeLessThan(165);
    const [session] = memory.of('/room-9');
    expect(session).toMatchObject({ nsp: '/room-9', rooms: [session.sid], data: {}, since: 7, isTaken: false });
    expect(memory.find(session.pid)).toBe(session);
  });
});

/** As many as fill the table of a `Map` that was made larger last. */
const COUNT = 16_384;

async function heldNow(): Promise<number> {
  await new Promise(setImmediate);
  collect();
  return process.memoryUsage().heapUsed;
}
