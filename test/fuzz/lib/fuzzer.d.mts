export interface Target {
  seeds: readonly (string | Buffer)[];
  dictionary: readonly (string | Buffer)[];
  run(input: Buffer): string | Promise<string>;
}

export interface Report {
  inputs: number;
  seconds: number;
  slowest: number;
  growth: number | null;
  verdicts: [string, number][];
}

export class Failure extends Error {
  input: Buffer;
}

export class Fuzzer {
  constructor(name: string, target: Target, seed: number, current: { set(input: Buffer): void; get(): Buffer });
  run(budget: { milliseconds: number; inputs: number }): Promise<Report>;
}
