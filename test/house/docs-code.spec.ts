/** Each block of TypeScript in the manual compiles, against the source, as in a project of the Nest CLI. */
import path from 'node:path';
import ts from 'typescript';
import { codeBlocks, MANUAL, ROOT } from './manual.js';

const FOLDER = path.join(ROOT, 'test/house/manual-code');

/** Packages whose typings are not installed. */
const UNTYPED = path.join(ROOT, 'test/ecosystem/support/express-middlewares.d.ts');

/** Path to text. Fragments, which import nothing, name what the text around them explains: only their syntax is checked. */
const files = new Map<string, string>();
const fragments: [string, string][] = [];
for (const page of MANUAL) {
  // Tests and clients on other pages are those of the README's gateway, unless the page has its own.
  for (const { name, code } of codeBlocks('README.md').slice(0, 2)) files.set(fileOf(page, name), code);
  for (const { name, code } of codeBlocks(page)) {
    if (/^import /m.test(code)) files.set(fileOf(page, name), code);
    else fragments.push([`${page}: ${name}`, code]);
  }
}

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  types: ['node', 'jest'],
  strict: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  skipLibCheck: true,
  esModuleInterop: true,
  noEmit: true,
  paths: {
    'nestjs-socketio': [path.join(ROOT, 'src/index.ts')],
    'nestjs-socketio/server': [path.join(ROOT, 'src/server.ts')],
    'nestjs-socketio/*': [path.join(ROOT, 'src/*/index.ts')],
  },
};

function fileOf(page: string, name: string): string {
  return path.join(FOLDER, page.replaceAll(/\W+/g, '-'), name);
}

function diagnose(): string[] {
  const host = ts.createCompilerHost(OPTIONS);
  const { fileExists, readFile, directoryExists } = host;
  host.getCurrentDirectory = () => ROOT;
  host.fileExists = (file) => files.has(file) || fileExists(file);
  host.readFile = (file) => files.get(file) ?? readFile(file);
  host.directoryExists = (folder) => folder.startsWith(FOLDER) || directoryExists!(folder);
  const program = ts.createProgram([...files.keys(), UNTYPED], OPTIONS, host);
  return [...files.keys()].flatMap((file) => {
    const source = program.getSourceFile(file)!;
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map((each) => {
      const { line } = source.getLineAndCharacterOfPosition(each.start!);
      const text = ts.flattenDiagnosticMessageText(each.messageText, ' ');
      return `${path.relative(FOLDER, file)}:${line + 1} ${text}`;
    });
  });
}

describe('TypeScript in the manual', () => {
  it('is there', () => {
    expect(files.size).toBeGreaterThan(15);
  });

  it('compiles', () => {
    expect(diagnose()).toEqual([]);
  }, 120_000);

  it.each(fragments)('%s has no mistake of syntax', (_name, code) => {
    const { diagnostics } = ts.transpileModule(code, {
      reportDiagnostics: true,
      compilerOptions: { target: ts.ScriptTarget.ES2023, experimentalDecorators: true },
    });
    expect(diagnostics!.map(({ messageText }) => messageText)).toEqual([]);
  });
});
