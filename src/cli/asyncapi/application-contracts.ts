import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AnyContract } from '../../contract/index.js';
import { isContract } from '../../contract/runtime.js';
import { contractsOf } from '../../nest/index.js';
import { ApplicationError } from './application-error.js';
import { importFile } from './import-file.js';
import { compileProject } from './project-build.js';
import { rootOf } from './project-root.js';

/**
 * Loads a file of a project, compiled if it is TypeScript, and hands on the contracts of its root module, or those that it
 * exports. What was compiled is removed afterwards.
 */
export async function withContracts<T>(
  file: string,
  tsconfig: string | undefined,
  use: (contracts: AnyContract[]) => T,
): Promise<T> {
  const root = rootOf(file);
  // Below the project, so that its packages and the format of its modules are found as ever.
  const folder = mkdtempSync(path.join(root, '.nestjs-socketio-'));
  try {
    const entry = /\.[cm]?tsx?$/.test(file) ? compileProject(root, file, folder, tsconfig) : file;
    const exported = await load(entry);
    const module = rootModuleOf(exported);
    return use(module === null ? exportedContracts(exported, file) : await moduleContracts(module, folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a module exports, whatever its format. */
async function load(file: string): Promise<Record<string, unknown>> {
  const { default: main, ...named } = await importFile(file);
  const isBag = typeof main === 'object' && main !== null;
  return { ...(isBag ? (main as object) : { default: main }), ...named };
}

function rootModuleOf(exported: Record<string, unknown>): Function | null {
  const first = Object.values(exported).find(isModule);
  if (first === undefined) return null;
  return exported.AppModule === undefined ? first : (exported.AppModule as Function);
}

function isModule(value: unknown): value is Function {
  if (typeof value !== 'function') return false;
  return ['imports', 'providers', 'controllers', 'exports'].some((key) => Reflect.hasMetadata?.(key, value));
}

function exportedContracts(exported: Record<string, unknown>, file: string): AnyContract[] {
  const contracts = [...new Set(Object.values(exported).filter(isContract))];
  if (contracts.length > 0) return contracts;
  throw new ApplicationError(`${file} exports neither a Nest module nor a contract. Export one of them.`);
}

interface NestCore {
  readonly NestFactory: {
    createApplicationContext(module: Function, options: object): Promise<Context>;
  };
  readonly ModulesContainer: Function;
}

interface Context {
  get(token: Function): Parameters<typeof contractsOf>[0];
}

/** In preview, Nest reads the modules and makes no provider: nothing connects to a database. */
async function moduleContracts(module: Function, folder: string): Promise<AnyContract[]> {
  const loader = path.join(folder, 'nest.mjs');
  // The Nest of the project, which is not always the one that is found from here.
  writeFileSync(loader, "export { ModulesContainer, NestFactory } from '@nestjs/core';\n");
  const { NestFactory, ModulesContainer } = (await importFile(loader)) as unknown as NestCore;
  const context = await NestFactory.createApplicationContext(module, {
    preview: true,
    logger: ['error'],
    abortOnError: false,
  });
  return contractsOf(context.get(ModulesContainer));
}
