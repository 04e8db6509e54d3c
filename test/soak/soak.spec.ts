/** The soak's scenarios, small: what a long run would find at once. `npm run soak` has them in full. */
import { Server } from '../../src/server.js';
import { runBadClients, runIdle, runWaves } from './scenarios/index.mjs';

describe('a server under load from another process', () => {
  it('holds after waves of clients, with faults of every kind, what it held before', async () => {
    // A runner keeps objects of its own: a heap that grows is found by the long form.
    const { failures, clients, echoes } = await runWaves({
      Server,
      seconds: 5,
      size: 100,
      heapTolerance: Infinity,
      print: false,
    });

    expect(failures).toEqual([]);
    expect(clients).toBeGreaterThanOrEqual(500);
    expect(echoes).toBeGreaterThan(0);
  }, 60_000);

  it('keeps the heartbeats of idle sessions in time while a client floods', async () => {
    const run = await runIdle({ Server, seconds: 10, sessions: 300, pingInterval: 2_000, print: false });

    expect(run.lost).toBe(0);
    expect(run.heartbeats).toBeGreaterThan(300);
    // A machine with other work may be late now and then; a server that lets a flood hold it up is late nearly always.
    expect(run.late).toBeLessThan(0.5);
  }, 60_000);

  it('holds no more for clients that never read, poll, ack or finish their handshake than its bounds add up to', async () => {
    const { failures } = await runBadClients({ Server, clients: 50, heartbeat: 3_000, print: false });

    expect(failures).toEqual([]);
  }, 60_000);
});
