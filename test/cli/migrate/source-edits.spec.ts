import { SourceEdits } from '../../../src/cli/migrate/source-edits.js';

describe('SourceEdits', () => {
  it('leaves what is not touched', () => {
    const edits = new SourceEdits();
    edits.replace(4, 7, 'two');
    edits.insert(0, '> ');
    expect(edits.apply('one 2.0 three')).toBe('> one two three');
  });

  it('keeps the order of insertions at one place, before what is replaced there', () => {
    const edits = new SourceEdits();
    edits.replace(0, 1, 'c');
    edits.insert(0, 'a');
    edits.insert(0, 'b');
    expect(edits.apply('x')).toBe('abc');
  });

  it('refuses edits of the same text', () => {
    const edits = new SourceEdits();
    edits.replace(0, 3, 'a');
    edits.replace(2, 4, 'b');
    expect(() => edits.apply('text')).toThrow('Edits overlap at 2');
  });

  it.each([
    ['a statement with its line', 'a();\n  b();\nc();\n', 'b();', 'a();\nc();\n'],
    ['a statement beside others', 'a(); b(); c();', 'b();', 'a();  c();'],
    ['the last line', 'a();\nb();', 'b();', 'a();\n'],
  ])('removes %s', (_name, source, removed, expected) => {
    const edits = new SourceEdits();
    const start = source.indexOf(removed);
    edits.removeLines(source, start, start + removed.length);
    expect(edits.apply(source)).toBe(expected);
  });
});
