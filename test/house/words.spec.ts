/**
 * Counts words of a register that Node's manual does not have, in all that users and maintainers read. The counts of
 * `words.json` may only fall: `UPDATE_WORDS=1 npm test -- house/words` writes them anew.
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');
const STORE = path.join(import.meta.dirname, 'words.json');

/** With what to write instead. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:nobody|somebody|whoever)\b/gi, 'the subject: the server, the client, no one'],
  [/\bthis side\b/gi, 'the server'],
  [/(?<!from |\b(?:is|stands|goes|lies|put) )\bwhere (?:there|that|none|nothing|no|it is none|it has none)\b/gi, 'if'],
  [/\b(?:null|true|false|undefined|only|at once|promise|throws \w+) where\b/gi, 'if'],
  [/\bwhat (?:is|was) (?:queued|sent|left|asked|bound|given|missing|known|held)\b/gi, 'a noun: the queue, the message'],
  [/\b(?:give way|turned? away|goes without|tired of)\b/gi, 'close, refuse, skip'],
];

describe('words', () => {
  const stored = JSON.parse(readFileSync(STORE, 'utf8')) as Record<string, number>;
  const found = new Map(readTexts().map(([file, text]) => [file, wordsOf(text)]));

  it('become no more in any file', () => {
    if (process.env.UPDATE_WORDS !== undefined) {
      const counts = [...found].filter(([, words]) => words.length > 0).map(([file, words]) => [file, words.length]);
      writeFileSync(STORE, `${JSON.stringify(Object.fromEntries(counts.sort()), null, 2)}\n`);
      return;
    }
    const more = [...found].filter(([file, words]) => words.length > (stored[file] ?? 0));
    expect(more.map(([file, words]) => `${file}: ${words.join(' | ')}`)).toEqual([]);
  });
});

describe('wordsOf', () => {
  it('finds the words, each with what to write instead', () => {
    expect(wordsOf('Null where nobody listens on this side.')).toHaveLength(3);
    expect(wordsOf('Returns where it ends. What the server sends.')).toEqual([]);
  });
});

function wordsOf(text: string): string[] {
  return WORDS.flatMap(([word, better]) => [...text.matchAll(word)].map(([match]) => `"${match}" → ${better}`));
}

/** src, whose comments and messages are prose and whose code has none of the words, and every page. */
function readTexts(): [file: string, text: string][] {
  const list = (folder: string): string[] =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`);
  const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
  const sources = list('src').filter((file) => file.endsWith('.ts'));
  const pages = [...list('docs'), ...list('src')].filter((file) => file.endsWith('.md'));
  const files = [...sources, 'README.md', 'CHANGELOG.md', 'SECURITY.md', ...pages].filter((file) =>
    existsSync(path.join(ROOT, file)),
  );
  // A comment goes on in the next line, behind its asterisk.
  return files.map((file) => [file, read(file).replace(/\s+(?:\*|\/\/)?\s*/g, ' ')]);
}
