import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type ts from 'typescript';

export type TypeScript = typeof ts;

/** What stops the command, with what to do about it. */
export class MigrateError extends Error {}

export interface ProjectLocation {
  /** The folder with `package.json`. */
  readonly root: string;
  /** @default 'tsconfig.json' */
  readonly tsconfig?: string | undefined;
  /** Typings that were read for another project. @default none */
  readonly typings?: Typings | undefined;
}

/** Declaration files by their options and names. Those that projects share are then read and bound once. */
export type Typings = Map<string, ts.SourceFile>;

/** The sources of a project as its own TypeScript sees them. */
export class Project {
  readonly root: string;
  readonly checker: ts.TypeChecker;
  /** The project's own files. */
  readonly files: readonly ts.SourceFile[];
  readonly #program: ts.Program;

  private constructor(
    readonly ts: TypeScript,
    private readonly location: ProjectLocation,
    private readonly config: ts.ParsedCommandLine,
    private readonly texts: ReadonlyMap<string, string>,
    previous: Project | null,
  ) {
    this.root = location.root;
    this.#program = ts.createProgram({
      rootNames: config.fileNames,
      options: config.options,
      host: createHost(ts, config.options, texts, previous, location.typings),
      ...(previous === null ? null : { oldProgram: previous.#program }),
    });
    this.checker = this.#program.getTypeChecker();
    this.files = this.#program.getSourceFiles().filter((file) => this.#isOwn(file));
  }

  /** @throws MigrateError if there is no TypeScript, no configuration, or nothing is installed */
  static open(location: ProjectLocation): Project {
    const ts = loadTypeScript(location.root);
    const config = readConfig(ts, location);
    return new Project(ts, location, config, new Map(), null);
  }

  /** The same project with other texts for some of its files. */
  withTexts(texts: ReadonlyMap<string, string>): Project {
    return new Project(this.ts, this.location, this.config, texts, this);
  }

  textOf(fileName: string): string {
    return this.texts.get(fileName) ?? this.#program.getSourceFile(fileName)!.text;
  }

  /** A file as it was read, for the next project to share. */
  sourceFile(fileName: string): ts.SourceFile | undefined {
    return this.texts.has(fileName) ? undefined : this.#program.getSourceFile(fileName);
  }

  /** A path as reports show it. */
  nameOf(fileName: string): string {
    return path.relative(this.root, fileName).replaceAll(path.sep, '/');
  }

  /** What the compiler finds wrong in the project's own files. */
  problems(): Problem[] {
    return this.files.flatMap((file) =>
      [...this.#program.getSyntacticDiagnostics(file), ...this.#program.getSemanticDiagnostics(file)].map((each) => ({
        file,
        position: each.start ?? 0,
        text: summaryOf(each.messageText),
        key: `${file.fileName} ${this.ts.flattenDiagnosticMessageText(each.messageText, ' ')}`,
      })),
    );
  }

  /** The file that an import leads to, if it is one of the project's own. */
  importedFile(specifier: ts.Expression): ts.SourceFile | null {
    const file = this.checker.getSymbolAtLocation(specifier)?.declarations?.[0];
    return file !== undefined && this.ts.isSourceFile(file) && this.#isOwn(file) ? file : null;
  }

  #isOwn(file: ts.SourceFile): boolean {
    if (file.isDeclarationFile || this.#program.isSourceFileFromExternalLibrary(file)) return false;
    const relative = path.relative(this.root, file.fileName);
    return !relative.startsWith('..') && !relative.split(path.sep).includes('node_modules');
  }
}

export interface Problem {
  readonly file: ts.SourceFile;
  readonly position: number;
  readonly text: string;
  /** The same before and after a change that it has nothing to do with: positions move. */
  readonly key: string;
}

/** The first sentence of a problem: what follows goes into the details of types. Paths of types say no more than their names. */
function summaryOf(message: string | ts.DiagnosticMessageChain): string {
  return (typeof message === 'string' ? message : message.messageText).replace(/import\("[^"]*"\)\./g, '');
}

function loadTypeScript(root: string): TypeScript {
  let loaded: Partial<TypeScript>;
  try {
    loaded = createRequire(path.join(root, 'package.json'))('typescript') as Partial<TypeScript>;
  } catch {
    throw new MigrateError(`TypeScript is not installed in ${root}. Run npm install, or npm i -D typescript.`);
  }
  if (typeof loaded.createProgram === 'function') return loaded as TypeScript;
  throw new MigrateError(
    `TypeScript ${loaded.version ?? ''} in ${root} has no compiler API. Install TypeScript 5 or 6 for the migration: npm i -D typescript@5`,
  );
}

function readConfig(ts: TypeScript, { root, tsconfig = 'tsconfig.json' }: ProjectLocation): ts.ParsedCommandLine {
  const file = path.resolve(root, tsconfig);
  if (!existsSync(file)) throw new MigrateError(`${file} does not exist. Name another file with --project <file>.`);
  const config = ts.getParsedCommandLineOfConfigFile(
    file,
    { noEmit: true, skipLibCheck: true, incremental: false, composite: false, declaration: false },
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} },
  );
  if (config === undefined || config.fileNames.length === 0) {
    throw new MigrateError(`${file} names no files. Name another configuration with --project.`);
  }
  delete config.options.tsBuildInfoFile;
  const isThere = (name: string): boolean =>
    ts.resolveModuleName(name, path.join(root, 'src/index.ts'), config.options, ts.sys).resolvedModule !== undefined;
  for (const name of ['@nestjs/core', '@nestjs/websockets']) {
    if (!isThere(name)) throw new MigrateError(`${name} is not installed in ${root}. Run npm install`);
  }
  // Typings from elsewhere would bring another Nest along, whose types are not those of the project.
  if (!isThere('nestjs-socketio')) throw new MigrateError(`Install it in ${root} first: npm i nestjs-socketio`);
  return config;
}

function createHost(
  ts: TypeScript,
  options: ts.CompilerOptions,
  texts: ReadonlyMap<string, string>,
  previous: Project | null,
  typings: Typings = new Map(),
): ts.CompilerHost {
  const host = ts.createCompilerHost(options, true);
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (fileName, version, ...rest) => {
    const text = texts.get(fileName);
    if (text !== undefined) return ts.createSourceFile(fileName, text, version, true);
    const known = previous?.sourceFile(fileName);
    if (known !== undefined) return known;
    const key = `${options.target} ${options.module} ${options.moduleResolution} ${fileName}`;
    const file = typings.get(key) ?? getSourceFile(fileName, version, ...rest);
    if (file?.isDeclarationFile === true) typings.set(key, file);
    return file;
  };
  host.readFile = (fileName) => texts.get(fileName) ?? ts.sys.readFile(fileName);
  return host;
}

/** The version of an installed package, or null. */
export function installedVersion(root: string, name: string): string | null {
  for (let folder = root; ; folder = path.dirname(folder)) {
    const file = path.join(folder, 'node_modules', name, 'package.json');
    if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
    if (path.dirname(folder) === folder) return null;
  }
}
