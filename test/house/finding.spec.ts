import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const HERE = import.meta.dirname;

describe('finding.md', () => {
  const files = [...readFileSync(path.join(HERE, 'finding.md'), 'utf8').matchAll(/\| `(src\/[^`]+)` \|/g)].map(
    ([, file]) => file,
  );

  it('has ten changes', () => {
    expect(files).toHaveLength(10);
  });

  it.each(files)('names %s, which exists', (file) => {
    expect(existsSync(path.join(HERE, '../..', file))).toBe(true);
  });
});
