import { Failure, Fuzzer, type Report, type Target } from './lib/fuzzer.mjs';

const SEED = 'hello {"a":1} 42';

/** On a machine that runs other tests beside it. */
const PATIENCE = 60_000;

describe('Fuzzer', () => {
  it('makes the same inputs from the same seed, and others from another one', async () => {
    const [one, again, other] = [await inputsOf(7), await inputsOf(7), await inputsOf(8)];

    expect(one).toEqual(again);
    expect(one).not.toEqual(other);
    expect(new Set(one).size).toBeGreaterThan(400);
  });

  it(
    'goes on from inputs that end in a new way',
    async () => {
      // Each level is found from the one before it only: no edit doubles two of them.
      const depth = (input: Buffer): number => /^(?:\(\))*/.exec(input.toString('latin1'))![0].length / 2;
      const { verdicts } = await fuzz({
        dictionary: ['()'],
        seeds: ['x'],
        run: (input) => `${Math.min(depth(input), 6)}`,
      });

      expect(verdicts.map(([verdict]) => Number(verdict)).sort()).toContain(6);
    },
    PATIENCE,
  );

  it('finds what throws, and gives the shortest input that does', async () => {
    const failure = await failureOf((input) => {
      if (input.includes('}}')) throw new Error('two brackets');
      return 'fine';
    });

    expect(failure.message).toBe('two brackets');
    expect(failure.input.toString()).toBe('}}');
  });

  it('finds what rejects', async () => {
    const failure = await failureOf(async (input) => {
      await Promise.resolve();
      if (input.length === 0) throw new Error('nothing');
      return 'fine';
    });

    expect([failure.message, failure.input.length]).toEqual(['nothing', 0]);
  });

  it(
    'finds what takes too long',
    async () => {
      const failure = await failureOf((input) => {
        const busyUntil = process.cpuUsage().user + (input.includes('[[') ? 80_000 : 0);
        while (process.cpuUsage().user < busyUntil);
        return 'fine';
      });

      expect(failure.message).toMatch(/^took \d+ ms$/);
      expect(failure.input.toString('latin1')).toContain('[[');
    },
    PATIENCE,
  );

  it(
    'finds what is kept',
    async () => {
      const kept: Buffer[] = [];
      const failure = await failureOf(() => {
        kept.push(Buffer.alloc(1_024));
        return 'fine';
      }, 40_000);

      expect(failure.message).toMatch(/^holds \d+ bytes more$/);
    },
    PATIENCE,
  );
});

function fuzz(target: Partial<Target>, inputs = 20_000, seed = 1): Promise<Report> {
  const current = { set: () => {}, get: () => Buffer.alloc(0) };
  const complete = { seeds: [SEED], dictionary: [], run: () => 'fine', ...target };
  return new Fuzzer('planted', complete, seed, current).run({ milliseconds: Infinity, inputs });
}

async function inputsOf(seed: number): Promise<string[]> {
  const inputs: string[] = [];
  const run = (input: Buffer): string => {
    inputs.push(input.toString('latin1'));
    return 'fine';
  };
  await fuzz({ run }, 500, seed);
  // Each is run again where it was the slowest so far.
  return inputs.filter((input, i) => input !== inputs[i - 1]);
}

async function failureOf(run: Target['run'], inputs?: number): Promise<Failure> {
  const error: unknown = await fuzz({ run }, inputs).catch((failure: unknown) => failure);
  expect(error).toBeInstanceOf(Failure);
  return error as Failure;
}
