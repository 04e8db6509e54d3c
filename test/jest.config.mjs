import { availableParallelism } from 'node:os';

/** One runner configuration: ESM TypeScript through swc, no transform cache surprises, no forced exit. */
export default {
  rootDir: '..',
  roots: ['<rootDir>/test'],
  testEnvironment: 'node',
  // Tests wait more than they compute: one more at a time than the machine has cores halves the run.
  maxWorkers: availableParallelism() + 1,
  // Modules in vm contexts are never freed: a fresh process now and then keeps memory, and the collections that tests ask for, small.
  workerIdleMemoryLimit: '700MB',
  // Tests wait for events within bounds of their own; this one is for machines that do several things at once.
  testTimeout: 20_000,
  testSequencer: '<rootDir>/test/support/sequencer.mjs',
  testRegex: '\\.spec\\.ts$',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2022',
          keepClassNames: true,
        },
        module: { type: 'es6' },
      },
    ],
  },
};
