import type ts from 'typescript';
import { PACKAGE, type FileImports } from './imports.js';
import type { Project } from './project.js';
import type { SourceEdits } from './source-edits.js';
import { declarationOf, findAll, indentOf, isFrom, nestDecorator, originOf } from './syntax.js';

/** The module that `NestFactory.create` is given. */
export interface RootModule {
  readonly node: ts.ClassDeclaration;
  readonly metadata: ts.ObjectLiteralExpression;
  /** The elements of `imports`, if there are any. */
  readonly imports: ts.ArrayLiteralExpression | null;
  /** The options of `SocketIoModule.forRoot`, which is there already: written out, none, or not to be read. */
  readonly present: ts.ObjectLiteralExpression | 'none' | 'unreadable' | null;
  /** All files that the application consists of. */
  readonly files: ReadonlySet<ts.SourceFile>;
}

/** An option of the server as it is to be written. */
export interface OptionText {
  readonly name: string;
  readonly text: string;
}

/** The root modules of the project's applications; a text says why one of them cannot be changed. */
export function findRootModules(project: Project): (RootModule | string)[] {
  const { ts } = project;
  const modules = new Map<ts.Node, RootModule | string>();
  for (const file of project.files) {
    for (const call of findAll(project, file, ts.isCallExpression)) {
      const { expression: callee } = call;
      if (!ts.isPropertyAccessExpression(callee) || callee.name.text !== 'create') continue;
      if (!isFrom(originOf(project, callee.expression), '@nestjs/core', 'NestFactory')) continue;
      const [argument] = call.arguments;
      const node = argument === undefined ? undefined : classOf(project, argument);
      modules.set(node ?? call, readModule(project, node, argument));
    }
  }
  return [...modules.values()];
}

/** The class that an expression is, that of a constant such as `const { AppModule } = await import(…)` included. */
function classOf(project: Project, expression: ts.Expression): ts.Node | undefined {
  const declaration = declarationOf(project, expression);
  if (declaration !== undefined && project.ts.isClassDeclaration(declaration)) return declaration;
  return project.checker.getTypeAtLocation(expression).symbol?.valueDeclaration ?? declaration;
}

function readModule(project: Project, node: ts.Node | undefined, argument: ts.Node | undefined): RootModule | string {
  const { ts } = project;
  if (node === undefined || !ts.isClassDeclaration(node))
    return `${argument?.getText() ?? 'its argument'} is not a class`;
  const name = node.name?.text ?? 'the root module';
  const metadata = nestDecorator(project, node, 'Module')?.args[0];
  if (metadata === undefined || !ts.isObjectLiteralExpression(metadata)) return `${name} has no @Module({ … })`;
  const property = metadata.properties.find((each) => each.name?.getText() === 'imports');
  const imports = property !== undefined && ts.isPropertyAssignment(property) ? property.initializer : undefined;
  if (property !== undefined && (imports === undefined || !ts.isArrayLiteralExpression(imports))) {
    return `the imports of ${name} are not written as a list`;
  }
  const files = new Set<ts.SourceFile>();
  collectFiles(project, node.getSourceFile(), files);
  const list = imports === undefined ? null : (imports as ts.ArrayLiteralExpression);
  return { node, metadata, imports: list, present: presentOptions(project, files), files };
}

function collectFiles(project: Project, file: ts.SourceFile, files: Set<ts.SourceFile>): void {
  if (files.has(file)) return;
  files.add(file);
  const { ts } = project;
  for (const statement of file.statements) {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) continue;
    const target = statement.moduleSpecifier && project.importedFile(statement.moduleSpecifier);
    if (target) collectFiles(project, target, files);
  }
}

function presentOptions(project: Project, files: ReadonlySet<ts.SourceFile>): RootModule['present'] {
  const { ts } = project;
  for (const file of files) {
    for (const call of findAll(project, file, ts.isCallExpression)) {
      const { expression: callee } = call;
      if (!ts.isPropertyAccessExpression(callee)) continue;
      if (!isFrom(originOf(project, callee.expression), PACKAGE, 'SocketIoModule')) continue;
      const [options] = call.arguments;
      if (callee.name.text !== 'forRoot') return 'unreadable';
      if (options === undefined) return 'none';
      return ts.isObjectLiteralExpression(options) ? options : 'unreadable';
    }
  }
  return null;
}

/** Adds `SocketIoModule.forRoot(…)` to the imports of a module. */
export function importModule(
  { metadata, imports }: RootModule,
  options: readonly OptionText[],
  edits: SourceEdits,
  fileImports: FileImports,
): void {
  const source = metadata.getSourceFile().text;
  const name = fileImports.use('SocketIoModule');
  if (imports === null) {
    const first = metadata.properties[0];
    const indent = first === undefined ? '  ' : indentOf(source, first.getStart());
    const text = `imports: [${name}.forRoot(${optionsText(options, indent)})]`;
    if (first !== undefined) edits.insert(first.getStart(), `${text},${separator(source, first)}`);
    else edits.insert(metadata.getStart() + 1, ` ${text} `);
    return;
  }
  const last = imports.elements.at(-1);
  if (last === undefined) {
    edits.replace(
      imports.getStart(),
      imports.end,
      `[${name}.forRoot(${optionsText(options, indentOf(source, imports.getStart()))})]`,
    );
    return;
  }
  const isMultiline = source.slice(imports.getStart(), last.getStart()).includes('\n');
  const indent = indentOf(source, last.getStart());
  const text = `${name}.forRoot(${optionsText(options, indent)})`;
  edits.insert(last.end, isMultiline ? `,\n${indent}${text}` : `, ${text}`);
}

function separator(source: string, first: ts.Node): string {
  const indent = indentOf(source, first.getStart());
  return source.slice(0, first.getStart()).endsWith(`\n${indent}`) ? `\n${indent}` : ' ';
}

/** Adds options to a `forRoot({ … })` that is there. */
export function addOptions(
  present: ts.ObjectLiteralExpression,
  options: readonly OptionText[],
  edits: SourceEdits,
): void {
  const texts = options.map(propertyText);
  const last = present.properties.at(-1);
  if (last === undefined) edits.replace(present.getStart(), present.end, `{ ${texts.join(', ')} }`);
  else edits.insert(last.end, `, ${texts.join(', ')}`);
}

function optionsText(options: readonly OptionText[], indent: string): string {
  if (options.length === 0) return '';
  const texts = options.map(propertyText);
  const line = `{ ${texts.join(', ')} }`;
  if (line.length <= 80 && !line.includes('\n')) return line;
  const lines = texts.map((each) => `${indent}  ${each.replaceAll('\n', `\n${indent}  `)},\n`);
  return `{\n${lines.join('')}${indent}}`;
}

function propertyText({ name, text }: OptionText): string {
  return `${name}: ${text}`;
}
