/**
 * The regular expressions of the package, on long text: whatever is repeated in it, no expression takes longer than its
 * length allows. What finds such text by reading the expression is test/expressions.spec.ts.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const SOURCES = fileURLToPath(new URL('../../../src/', import.meta.url));
const EXPRESSIONS = readExpressions();
/** As much as a header may have, and more than what else is matched against an expression. */
const LENGTH = 16_384;

/** Which expression, then what is before, repeated, and behind, with a tab between. */
export const seeds = EXPRESSIONS.flatMap(({ source }, index) => {
  const literal = source.replaceAll(/\\[dDwWsSbB]|[\\()[\]{}^$|?*+]/g, '');
  const pieces = [' ', '0', 'a', '\t', ',', literal.slice(0, 1), literal.slice(-1), literal];
  return pieces.map((piece) => Buffer.concat([number(index), Buffer.from(`${literal}\t${piece}\t\u0000`)]));
});
export const dictionary = [
  ' ',
  '\t',
  '0',
  '1',
  'a',
  'z',
  ',',
  ';',
  '=',
  '.',
  ':',
  '/',
  '-',
  '"',
  "'",
  '`',
  '[',
  '*',
  '\n',
];

export function run(input) {
  const { file, expression } = EXPRESSIONS[((input[0] ?? 0) * 256 + (input[1] ?? 0)) % EXPRESSIONS.length];
  const [before = '', repeated = '', behind = ''] = input.toString('latin1', 2).split('\t');
  const pump = repeated === '' ? ' ' : repeated;
  const text = before + pump.repeat(Math.ceil(LENGTH / pump.length)).slice(0, LENGTH) + behind;
  expression.lastIndex = 0;
  return `${file}: ${expression.test(text) ? 'matches' : 'does not match'}`;
}

function readExpressions() {
  const found = [];
  for (const file of readdirSync(SOURCES, { recursive: true })) {
    if (!file.endsWith('.ts')) continue;
    const parsed = ts.createSourceFile(file, readFileSync(SOURCES + file, 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node) => {
      if (ts.isRegularExpressionLiteral(node)) {
        const end = node.text.lastIndexOf('/');
        const source = node.text.slice(1, end);
        found.push({ file, source, expression: new RegExp(source, node.text.slice(end + 1)) });
      }
      ts.forEachChild(node, visit);
    };
    visit(parsed);
  }
  return found;
}

function number(value) {
  return Buffer.of(value >> 8, value & 0xff);
}
