import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type * as TypeScript from 'typescript';

const require = createRequire(import.meta.url);
export const TYPES = path.join(import.meta.dirname, 'types');
const CONFIG = path.join(import.meta.dirname, '../tsconfig.json');

/** The compilers that contracts are for. */
export const COMPILERS: Readonly<Record<string, typeof TypeScript>> = {
  '5.9': require('typescript-5.9') as typeof TypeScript,
  '6.0': require('typescript') as typeof TypeScript,
};

/** Compiles files of the folder `types`, and others that exist in memory only. */
export class Compiler {
  readonly options: TypeScript.CompilerOptions;
  readonly #sources = new Map<string, TypeScript.SourceFile | undefined>();

  constructor(readonly ts: typeof TypeScript) {
    const { config } = ts.readConfigFile(CONFIG, ts.sys.readFile) as { config: object };
    const parsed = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, path.dirname(CONFIG));
    // As most applications have it; `exactOptionalPropertyTypes` says more in each message.
    const usual = { exactOptionalPropertyTypes: false, noUnusedLocals: false, noUnusedParameters: false };
    this.options = { ...parsed.options, ...usual, noEmit: true };
  }

  /** A program of these files; `overlay` has texts by name that replace or add to those of the folder. */
  program(names: readonly string[], overlay: Readonly<Record<string, string>> = {}): TypeScript.Program {
    const host = this.ts.createCompilerHost(this.options, true);
    const texts = new Map(Object.entries(overlay).map(([name, text]) => [path.join(TYPES, name), text]));
    const { getSourceFile, fileExists, readFile } = host;
    host.fileExists = (file) => texts.has(file) || fileExists(file);
    host.readFile = (file) => texts.get(file) ?? readFile(file);
    host.getSourceFile = (file, languageVersion, ...more) => {
      const text = texts.get(file);
      if (text !== undefined) return this.ts.createSourceFile(file, text, languageVersion, true);
      // Parsed once: nearly everything is the same in each program.
      if (!this.#sources.has(file)) this.#sources.set(file, getSourceFile(file, languageVersion, ...more));
      return this.#sources.get(file);
    };
    return this.ts.createProgram(
      names.map((name) => path.join(TYPES, name)),
      this.options,
      host,
    );
  }

  /** What the compiler says of one file, as `line: code message` with the first lines of the message. */
  complaints(program: TypeScript.Program, name: string, lines = 1): string[] {
    const source = program.getSourceFile(path.join(TYPES, name))!;
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map((each) => {
      const { line } = source.getLineAndCharacterOfPosition(each.start!);
      const text = this.ts.flattenDiagnosticMessageText(each.messageText, '\n').split('\n').slice(0, lines);
      return `${line + 1}: TS${each.code} ${text.map((part) => part.trim()).join('\n  ')}`;
    });
  }
}

export function readType(name: string): string {
  return readFileSync(path.join(TYPES, name), 'utf8');
}
