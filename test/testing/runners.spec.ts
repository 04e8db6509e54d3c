import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildSamples } from '../support/sample.js';

const root = path.join(import.meta.dirname, '../..');
const FIXTURES = 'test/testing/fixtures';
/** For a runner that starts beside other tests; one that is kept alive by an open handle never ends. */
const PATIENCE = 60_000;

/** The fixtures use the built package, as an application does. */
beforeAll(buildSamples, 120_000);

/** What a test runner prints; throws where it fails, or is not through in time. */
async function outputOf(...args: string[]): Promise<string> {
  const env = { ...process.env, NO_COLOR: '1', VITEST: undefined, JEST_WORKER_ID: undefined };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: root, env, timeout: PATIENCE });
  return stdout + stderr;
}

describe('pain 21: a gateway is tested without a port, and no handle is left open', () => {
  it(
    'under Jest with --detectOpenHandles',
    async () => {
      const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
      const output = await outputOf(...jest, '--config', `${FIXTURES}/jest.config.mjs`, '--detectOpenHandles');
      expect(output).toMatch(/^Tests: +7 passed, 7 total$/m);
      expect(output).not.toMatch(/open handle|did not exit/i);
    },
    PATIENCE,
  );

  it(
    'under Vitest',
    async () => {
      const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--root', FIXTURES];
      const output = await outputOf(...vitest, '--reporter=default', '--reporter=hanging-process');
      expect(output).toMatch(/^ *Tests +7 passed \(7\)$/m);
      expect(output).not.toMatch(/hanging|close timed out/i);
    },
    PATIENCE,
  );

  it(
    'in a process of its own, which ends although clients were left open',
    async () => {
      expect(await outputOf(`${FIXTURES}/plain.mjs`)).toBe('3 transport close\n');
    },
    PATIENCE,
  );

  it(
    'from CommonJS',
    async () => {
      expect(await outputOf('--no-experimental-require-module', `${FIXTURES}/plain.cjs`)).toBe('3\n');
    },
    PATIENCE,
  );
});
