/** Reads the manual: README.md and the pages in docs. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.join(import.meta.dirname, '../..');

/** Files with text for users, relative to the root. */
export const MANUAL = [
  'README.md',
  'CHANGELOG.md',
  ...['docs', '.github'].flatMap((folder) =>
    readdirSync(path.join(ROOT, folder))
      .filter((file) => file.endsWith('.md'))
      .map((file) => `${folder}/${file}`),
  ),
];

export function readPage(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

/** The cells of one column of the first table behind a text of a page. */
export function tableColumn(file: string, after: string, column: number): string[] {
  const page = readPage(file);
  const start = page.indexOf(after);
  if (start === -1) throw new Error(`${file} has no "${after}"`);
  const lines = page.slice(start).split('\n');
  const first = lines.findIndex((line) => line.startsWith('|'));
  const end = lines.findIndex((line, index) => index > first && !line.startsWith('|'));
  return lines.slice(first + 2, end).map((line) => line.split(/(?<!\\)\|/)[column + 1]);
}

/** What stands in backticks. */
export function codesIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
}

/** Blocks of TypeScript, each with the path that its first line names, or a number. */
export function codeBlocks(file: string): { name: string; code: string }[] {
  return [...readPage(file).matchAll(/^( *)```ts[^\n]*\n(.*?)^ *```$/gms)].map(([, , code], index) => ({
    name: /^\/\/ ([\w./-]+\.ts)\b/.exec(code)?.[1] ?? `block-${index + 1}.ts`,
    code,
  }));
}
