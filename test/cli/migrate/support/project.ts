import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { unifiedDiff } from '../../../../src/cli/migrate/line-diff.js';
import { migrate, type Migration } from '../../../../src/cli/migrate/migration.js';
import type { Typings } from '../../../../src/cli/migrate/project.js';
import { cleanup } from '../../../support/cleanup.js';

const root = path.join(import.meta.dirname, '../../../..');
const fixtures = path.join(import.meta.dirname, '../fixtures');

/** A copy of a fixture, with all that is installed here; `nestjs-socketio` as it was built. Removed after the test. */
export function copyFixture(name: string): string {
  const folder = createFolder();
  cpSync(path.join(fixtures, name), folder, { recursive: true });
  return folder;
}

/** A project of an application with these files in `src`. */
export function createProject(files: Readonly<Record<string, string>>): string {
  const folder = copyFixture('empty');
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return folder;
}

export function migrateProject(folder: string, tsconfig?: string): Migration {
  return migrate({ root: folder, tsconfig, version: '1.2.3', typings });
}

/** What all projects here have installed. */
const typings: Typings = new Map();

/** What `migrate` prints. */
export function printed(folder: string, { changes, report }: Migration): string {
  const diffs = changes.map(({ file, before, after }) => unifiedDiff(path.relative(folder, file), before, after));
  return [...diffs, report.toString()].join('\n');
}

export function write({ changes }: Migration): void {
  for (const { file, after } of changes) writeFileSync(file, after);
}

function createFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'migrate-'));
  cleanup(() => rmSync(folder, { recursive: true, force: true }));
  const modules = path.join(folder, 'node_modules');
  mkdirSync(modules);
  for (const name of readdirSync(path.join(root, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(path.join(root, 'node_modules', name), path.join(modules, name));
  }
  symlinkSync(root, path.join(modules, 'nestjs-socketio'));
  return folder;
}
