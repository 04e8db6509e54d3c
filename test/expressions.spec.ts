import { createRequire } from 'node:module';
import { findExpressions } from './support/expressions.js';

type Recheck = typeof import('recheck');

/** The detector as JavaScript: its other forms are programs for some systems only. */
function loadDetector(): Recheck {
  process.env.RECHECK_BACKEND = 'pure';
  return createRequire(import.meta.url)('recheck') as Recheck;
}

describe('regular expressions of the package', () => {
  const { literals, made } = findExpressions();

  it('take time that grows with the length of what they read, and no faster', () => {
    const { checkSync } = loadDetector();
    const unsafe = literals
      .map(({ file, source, flags }) => ({ file, source, result: checkSync(source, flags, { timeout: 20_000 }) }))
      .filter(({ result }) => result.status !== 'safe')
      .map(({ file, source, result }) => ({
        expression: `${file}: /${source}/`,
        status: result.status,
        attack: result.status === 'vulnerable' ? result.attack.pattern : result.status,
      }));
    expect(literals.length).toBeGreaterThan(20);
    expect(unsafe).toEqual([]);
  }, 240_000);

  it('are written in the source, not made of text at run time', () => {
    expect(made).toEqual([]);
  });
});
