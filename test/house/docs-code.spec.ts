/** Each block of TypeScript in the manual compiles, against the source, as in a project of the Nest CLI: also as CommonJS. */
import path from 'node:path';
import ts from 'typescript';
import { codeBlocks, MANUAL, ROOT } from './manual.js';

const FOLDER = path.join(ROOT, 'test/house/manual-code');

/** Packages whose typings are not installed. */
const UNTYPED = path.join(ROOT, 'test/ecosystem/support/express-middlewares.d.ts');

/** What fragments name without importing it: the text around them says what it is. */
const PRELUDE = `
import { Injectable, type ExecutionContext, type INestApplication } from '@nestjs/common';
import type { HealthCheckService } from '@nestjs/terminus';
import { ThrottlerGuard } from '@nestjs/throttler';
import { instrument } from '@socket.io/admin-ui';
import { setupWorker } from '@socket.io/sticky';
import { SocketIoAdapter, Websocket } from 'nestjs-socketio';
import { SocketIoInstrumentation } from 'nestjs-socketio/otel';
import { collectSocketIo } from 'nestjs-socketio/prometheus';
import { Server, type Socket } from 'nestjs-socketio/server';
import type { SocketIoHealthIndicator } from 'nestjs-socketio/terminus';
import type { Registry } from 'prom-client';

declare const app: INestApplication;
declare const io: Server;
declare const server: Server;
declare const socket: Socket;
declare const websocket: Websocket;
declare const health: HealthCheckService;
declare const socketio: SocketIoHealthIndicator;
declare const register: Registry;
declare const httpServer: import('node:http').Server;
// Of packages that are not installed.
declare const http3Server: { sessionStream(path: string): AsyncIterable<never> };
declare function registerInstrumentations(options: { instrumentations: object[] }): void;
declare const Sentry: { init(options: { dsn: string; openTelemetryInstrumentations: object[] }): void };
declare const dsn: string;
`;

/** Path to text. */
const files = new Map<string, string>();
for (const page of MANUAL) {
  // Tests and clients on other pages are those of the README's gateway, unless the page has its own.
  for (const { name, code } of codeBlocks('README.md').slice(0, 2)) files.set(fileOf(page, name), code);
  for (const { name, code } of codeBlocks(page)) {
    if (/^import /m.test(code)) files.set(fileOf(page, name), code);
    else files.set(fileOf(page, name), fragment(code));
  }
}

/** In a function, so that a fragment may have a variable of a name of the prelude. */
function fragment(code: string): string {
  return `${PRELUDE}export async function fragment() {\n${code}\n}\n`;
}

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.CommonJS,
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
    expect(files.size).toBeGreaterThan(50);
  });

  it('compiles', () => {
    expect(diagnose()).toEqual([]);
  }, 120_000);
});
