import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');

describe('.github/SECURITY.md', () => {
  const policy = readFileSync(path.join(ROOT, '.github/SECURITY.md'), 'utf8');
  const named = [...policy.matchAll(/`([^`]+)`/g)].map(([, text]) => text);

  it('names tests that exist', () => {
    const missing = named.filter((text) => /^test\/\S+$/.test(text) && !existsSync(path.join(ROOT, text)));
    expect(missing).toEqual([]);
  });

  it('names options that the manual has', () => {
    const manual = ['options', 'limits']
      .map((page) => readFileSync(path.join(ROOT, `docs/${page}.md`), 'utf8'))
      .join('\n');
    const options = named.filter((text) => /^(?:max|ping|send|connect|polling|per|http)[A-Z]\w+$/.test(text));
    expect(options.length).toBeGreaterThan(15);
    expect(options.filter((option) => !manual.includes(`\`${option}\``))).toEqual([]);
  });
});
