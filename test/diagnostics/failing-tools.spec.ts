import { buildPackage } from '../support/sample.js';
import { runFixture } from './support/run-fixture.js';

interface Outcome {
  readonly answers: unknown[];
  readonly surfaced: string[];
  readonly warnings: string[];
  readonly refused?: boolean;
}

describe('what clients get while what listens fails', () => {
  let unobserved: Outcome;

  beforeAll(async () => {
    await buildPackage();
    unobserved = await runFixture<Outcome>('failing-tools.mjs', 'none');
  }, 120_000);

  it('is told and ends without anything that listens', () => {
    expect(unobserved).toEqual({
      answers: [
        ...[1, 2, { status: 'error', message: 'Internal server error', code: 'INTERNAL_ERROR' }, null],
        expect.objectContaining({ code: 'UNKNOWN_EVENT' }),
        ...[1, 'Invalid namespace', 400, 'transport close', 0],
      ],
      surfaced: [],
      warnings: [],
    });
  });

  it.each(['subscribers', 'enclosures'])('stays the same with %s of others, whose errors Node shows', async (kind) => {
    const { answers, surfaced } = await runFixture<Outcome>('failing-tools.mjs', kind);
    expect(answers).toEqual(unobserved.answers);
    expect(surfaced).toEqual([`${kind} failed`]);
  });

  it('stays the same with an exporter that fails, which is the business of its SDK', async () => {
    expect(await runFixture<Outcome>('failing-tools.mjs', 'exporter')).toEqual(unobserved);
  });

  it.each([
    ['tracer', 'SocketIoInstrumentation'],
    ['span', 'SocketIoInstrumentation'],
    ['context', 'SocketIoInstrumentation'],
    ['meter', 'SocketIoInstrumentation'],
    ['instruments', 'SocketIoInstrumentation'],
    ['settings', 'SocketIoInstrumentation'],
    ['registry', 'collectSocketIo'],
  ])('stays the same with a failing %s, of which one warning tells', async (kind, tool) => {
    const { refused = true, ...outcome } = await runFixture<Outcome>('failing-tools.mjs', kind);
    expect(outcome).toEqual({
      answers: unobserved.answers,
      surfaced: [],
      warnings: [expect.stringContaining(`${tool} failed, and continues: Error: ${kind} failed`)],
    });
    expect(refused).toBe(true);
  });
});
