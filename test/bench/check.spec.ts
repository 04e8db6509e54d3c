/** What `npm run bench -- --check` makes of servers and samples that fail. */
import path from 'node:path';
import { jest } from '@jest/globals';
import { cleanup } from '../support/cleanup.js';

interface Contest {
  readonly name: string;
  readonly peer: string;
  measure(pairs: number): Promise<unknown>;
}

interface Child {
  call(method: string): Promise<unknown>;
  stop(): Promise<void>;
}

const { check, judge } = (await import('./modes/check.mjs' as string)) as {
  check(options: object): Promise<boolean>;
  judge(contests: readonly Contest[], baseline: null, tolerance: number): Promise<boolean>;
};
const { Child } = (await import('./lib/rpc.mjs' as string)) as {
  Child: new (file: string, args: string[], prefix: string[]) => Child;
};
const { scenarios } = (await import('./scenarios/index.mjs' as string)) as {
  scenarios: readonly { readonly name: string }[];
};

/** Resolves to whether a check held, and to what it printed. */
async function outcomeOf(run: () => Promise<boolean>): Promise<{ holds: boolean; printed: string }> {
  const lines: string[] = [];
  const spy = jest.spyOn(console, 'log').mockImplementation((line: unknown) => void lines.push(String(line)));
  cleanup(() => spy.mockRestore());
  return { holds: await run(), printed: lines.join('\n') };
}

/** Compares a server with itself. */
function checkServer(file: string): Promise<{ holds: boolean; printed: string }> {
  return outcomeOf(() =>
    check({
      scenarios: scenarios.filter(({ name }) => name === 'echo'),
      servers: ['ours-nest', 'ours-nest-before'].map((name) => ({ name, file })),
      comparesBefore: true,
      tolerance: 1.25,
    }),
  );
}

describe('--check', () => {
  it('fails with the error of a server that does not start', async () => {
    const { holds, printed } = await checkServer('../fixtures/failing-start');
    expect(holds).toBe(false);
    expect(printed).toContain('echo failed: the server ../fixtures/failing-start did not start: the port is taken');
    expect(printed).not.toContain('too noisy');
  });

  it('fails for a server that ends', async () => {
    const { holds, printed } = await checkServer('../fixtures/ending-server');
    expect(holds).toBe(false);
    expect(printed).toMatch(/echo failed: .+/);
    expect(printed).not.toContain('too noisy');
  });

  it('passes over a sample that a busy machine kept from being taken', async () => {
    const child = new Child(path.join(import.meta.dirname, 'fixtures/no-pings.mjs'), [], []);
    cleanup(() => child.stop());
    const contest = { name: 'heartbeat', peer: 'floor', measure: () => child.call('drive') };
    const { holds, printed } = await outcomeOf(() => judge([contest], null, 1.25));
    expect(holds).toBe(true);
    expect(printed).toContain('heartbeat could not be measured (no pings): too noisy to tell');
  });
});
