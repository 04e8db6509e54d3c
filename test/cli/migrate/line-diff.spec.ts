import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { unifiedDiff } from '../../../src/cli/migrate/line-diff.js';
import { cleanup } from '../../support/cleanup.js';

/** What git makes of a diff. */
function applied(before: string, diff: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'diff-'));
  cleanup(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, 'file'), before);
  writeFileSync(path.join(folder, 'diff'), diff);
  execFileSync('git', ['apply', 'diff'], { cwd: folder });
  return readFileSync(path.join(folder, 'file'), 'utf8');
}

function lines(...numbers: number[]): string {
  return numbers.map((number) => `line ${number}\n`).join('');
}

const twenty = Array.from({ length: 20 }, (_, index) => index);

describe('unifiedDiff', () => {
  it('is empty for equal texts', () => {
    expect(unifiedDiff('file', 'a\n', 'a\n')).toBe('');
  });

  it.each([
    ['a line in the middle', lines(...twenty), lines(...twenty.filter((each) => each !== 9))],
    ['changes far apart', lines(...twenty), lines(100, ...twenty.slice(1, 19), 119)],
    [
      'changes that share their context',
      lines(...twenty),
      lines(...twenty.map((each) => (each === 5 || each === 9 ? -each : each))),
    ],
    ['lines at the end', lines(1, 2), lines(1, 2, 3, 4)],
    ['an end without a newline', 'a\nb', 'a\nc\n'],
    ['all lines', lines(1, 2, 3), lines(4, 5)],
  ])('can be applied: %s', (_name, before, after) => {
    expect(applied(before, unifiedDiff('file', before, after))).toBe(after);
  });

  it('has three lines of context', () => {
    expect(
      unifiedDiff('file', lines(...twenty), lines(...twenty, 20))
        .split('\n')
        .slice(2, 7),
    ).toEqual(['@@ -18,3 +18,4 @@', ' line 17', ' line 18', ' line 19', '+line 20']);
  });
});
