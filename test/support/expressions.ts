import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** A regular expression in the source. */
export interface FoundExpression {
  readonly file: string;
  readonly source: string;
  readonly flags: string;
}

const ROOT = path.resolve(import.meta.dirname, '../../src');

/** All regular expressions of `src`, and the calls that make one at run time. */
export function findExpressions(): { literals: FoundExpression[]; made: string[] } {
  const literals: FoundExpression[] = [];
  const made: string[] = [];
  for (const file of readdirSync(ROOT, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const parsed = ts.createSourceFile(file, readFileSync(path.join(ROOT, file), 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node)) {
        const end = node.text.lastIndexOf('/');
        literals.push({ file, source: node.text.slice(1, end), flags: node.text.slice(end + 1) });
      } else if ((ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText() === 'RegExp') {
        made.push(`${file}: ${node.getText()}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(parsed);
  }
  return { literals, made };
}
