/**
 * Compiles `types/bad.ts` without the marks of its mistakes, and holds what the compiler says against
 * `types/bad.messages.txt`: the words are the same in every project. Its arguments are a compiler and options of it.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';

const UNMARKED = 'types/unmarked.ts';
const UNMARKED_CONFIG = 'tsconfig.unmarked.json';
writeFileSync(UNMARKED, readFileSync('types/bad.ts', 'utf8').replace(/@ts-expect-error/g, 'refused:'));
writeFileSync(UNMARKED_CONFIG, JSON.stringify({ extends: './tsconfig.json', files: [UNMARKED], include: [] }));
const args = [...process.argv.slice(2), '-p', UNMARKED_CONFIG, '--noEmit', '--pretty', 'false'];
const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
rmSync(UNMARKED);
rmSync(UNMARKED_CONFIG);

const said = [];
for (const line of stdout.split('\n')) {
  const [, at, code, text] = /^types\/unmarked\.ts\((\d+),\d+\): error (TS\d+): (.*)$/.exec(line) ?? [];
  if (at !== undefined) said.push({ head: `${at}: ${code} ${text}`, more: [] });
  else if (line.startsWith(' ')) said.at(-1)?.more.push(line.trim());
}
const texts = sortUnions(said.map(({ head, more }) => `${[head, ...more.slice(0, 1)].join('\n  ')}\n`).join(''));
const expected = sortUnions(readFileSync('types/bad.messages.txt', 'utf8'));
if (texts !== expected) {
  const wanted = expected.split('\n');
  const differing = texts.split('\n').filter((line, i) => line !== wanted[i]);
  console.error(`The compiler says something else:\n${differing.join('\n') || stdout}`);
  process.exitCode = 1;
}

/** The order of names in a union is that in which the compiler has met them, which other files change. */
function sortUnions(text) {
  return text.replace(/"\w+"(?: \| "\w+")+/g, (union) => union.split(' | ').sort().join(' | '));
}
