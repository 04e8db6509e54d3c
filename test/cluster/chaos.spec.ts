import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { describeWith } from '../support/requirements.js';
import { buildSamples } from '../support/sample.js';

const { jest } = import.meta;

/** Each test starts a store and three servers, and lasts as long as it disturbs them, and until its clients have everything. */
jest.setTimeout(90_000);

/** Among what it builds is the package itself, which the servers run. */
beforeAll(buildSamples, 120_000);

/** What a run of `run.mjs` prints. */
interface Row {
  readonly [count: string]: number;
}

describe('a fleet whose connections break and whose servers die', () => {
  describeWith('redis-server', 'over Redis', () => {
    it('loses, doubles and delays nothing', async () => {
      const row = await chaos('ledger-ioredis', ['--disturbances', 'cuts,kills,freezes']);
      expect(row).toMatchObject({ lost: 0, doubled: 0, late: 0, disordered: 0, told: 0 });
      // How many more there are is a matter of how fast the clients come back.
      expect(row.cuts).toBeGreaterThanOrEqual(10);
      // A second one comes after six seconds and the time that a node takes to start: on a busy machine, after the end.
      expect(row.kills).toBeGreaterThan(0);
      expect(row.recovered).toBeGreaterThan(5);
    });

    it('loses nothing without telling when Redis stands still or dies', async () => {
      const row = await chaos('ledger-redis', ['--disturbances', 'cuts,outages,restarts', '--kill-every', '1500']);
      expect(row).toMatchObject({ lost: 0, doubled: 0, late: 0, disordered: 0 });
      expect(row.recovered).toBeGreaterThan(5);
    });
  });

  describeWith('postgres', 'over PostgreSQL', () => {
    it('loses, doubles and delays nothing', async () => {
      const row = await chaos('ledger-postgres', ['--disturbances', 'cuts,kills']);
      expect(row).toMatchObject({ lost: 0, doubled: 0, late: 0, disordered: 0 });
      expect(row.kills).toBeGreaterThan(0);
    });
  });
});

describeWith('redis-server', 'users who come, go and reload while servers die', () => {
  it.each(['ledger-ioredis', 'ours-with-redis'])('are known at each quiet moment, with %s', async (contestant) => {
    const row = await chaos(contestant, ['--subject', 'presence', '--seconds', '4']);
    expect(row).toMatchObject({ wrong: 0, doubledOffline: 0, doubledOnline: 0, early: 0, missing: 0, kills: 1 });
    expect(row.compared).toBe(3);
    expect(row.reloads).toBeGreaterThan(5);
  });
});

async function chaos(contestant: string, options: readonly string[]): Promise<Row> {
  const file = path.join(import.meta.dirname, 'run.mjs');
  const args = ['--contestants', contestant, '--seconds', '8', '--clients', '9', '--kill-every', '4000', ...options];
  // A run that found something ends with 1, and its row says what.
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...args]).catch(
    (error: { stdout: string }) => error,
  );
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Row;
}
