/** The lists of what tests hold: each test that they name exists. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

const TESTS = path.join(import.meta.dirname, '..');

describe.each([
  ['diagnostics/README.md', 14],
  ['contract-first/README.md', 15],
])('%s', (list, points) => {
  const rows = readFileSync(path.join(TESTS, list), 'utf8')
    .split('\n')
    .filter((line) => /^\| \d+\. /.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()));

  it('has every point, each held by a test or said not to be', () => {
    expect(rows.map(([, point]) => parseInt(point, 10))).toEqual(Array.from({ length: points }, (_, i) => i + 1));
    expect(rows.filter(([, , held, open]) => held === '' && open === '')).toEqual([]);
  });

  it('names tests that exist', () => {
    const named = rows.flatMap(([, , held]) => [...held.matchAll(/`([^`]+\.spec\.ts)`: ([^;]+)/g)]);
    expect(named.length).toBeGreaterThan(points);
    const missing = named
      .map(([, file, title]) => ({ file, title: title.trim() }))
      .filter(({ file, title }) => !readFileSync(path.join(TESTS, file), 'utf8').includes(title));
    expect(missing).toEqual([]);
  });
});
