import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type ts from 'typescript';
import { ApplicationError } from './application-error.js';

/** Compiles a file and what it imports into a folder, as the project's own TypeScript does; returns the compiled file. */
export function compileProject(root: string, file: string, folder: string, tsconfig = 'tsconfig.json'): string {
  const compiler = loadTypeScript(root);
  const given = readOptions(compiler, path.resolve(root, tsconfig));
  const options: ts.CompilerOptions = {
    ...given,
    outDir: folder,
    rootDir: root,
    noEmit: false,
    noEmitOnError: false,
    emitDeclarationOnly: false,
    declaration: false,
    declarationMap: false,
    sourceMap: false,
    composite: false,
    incremental: false,
    // Before it emits, the compiler checks all that it has read.
    skipLibCheck: true,
  };
  delete options.tsBuildInfoFile;
  // Types are for the build of the project; here only what cannot be read is an error.
  const program = compiler.createProgram([file], options);
  const broken = program.getSyntacticDiagnostics();
  if (broken.length > 0) {
    const [{ file: source, messageText }] = broken;
    throw new ApplicationError(`${source.fileName}: ${compiler.flattenDiagnosticMessageText(messageText, '\n')}`);
  }
  program.emit();
  const compiled = path.join(folder, path.relative(root, file)).replace(/\.([cm]?)tsx?$/, '.$1js');
  if (!existsSync(compiled)) throw new ApplicationError(`${file} was not compiled. Check that it is in ${root}.`);
  return compiled;
}

function loadTypeScript(root: string): typeof ts {
  try {
    const loaded = createRequire(path.join(root, 'package.json'))('typescript') as Partial<typeof ts>;
    if (typeof loaded.createProgram === 'function') return loaded as typeof ts;
  } catch {
    // Said below.
  }
  throw new ApplicationError(
    'The project has no TypeScript with a compiler API. Give the compiled file instead, such as dist/app.module.js',
  );
}

function readOptions(compiler: typeof ts, tsconfig: string): ts.CompilerOptions {
  if (!existsSync(tsconfig))
    throw new ApplicationError(`${tsconfig} does not exist. Name another file with --project <file>.`);
  const { config, error } = compiler.parseConfigFileTextToJson(tsconfig, readFileSync(tsconfig, 'utf8'));
  if (error !== undefined) {
    throw new ApplicationError(`${tsconfig}: ${compiler.flattenDiagnosticMessageText(error.messageText, '\n')}`);
  }
  return compiler.parseJsonConfigFileContent(config, compiler.sys, path.dirname(tsconfig)).options;
}
