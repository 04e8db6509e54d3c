import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { isArgumentError } from '../arguments/argument-error.js';
import { unifiedDiff } from './line-diff.js';
import { migrate } from './migration.js';
import { MigrateError } from './project.js';

const HELP = `Turns a project of @nestjs/platform-socket.io into one of nestjs-socketio.

  nestjs-socketio migrate [folder]    prints the changes and a report, and writes nothing
  nestjs-socketio migrate --write     changes the files, and prints the report

  --write           changes the files
  --project <file>  the project's configuration of TypeScript, "tsconfig.json" by default
  --quiet           prints the report without the changes

A class is migrated as a whole or left as it is; what is left keeps working, and the report says why and what to do.
Commit first. A second run changes only what has become possible since the first.
`;

/** `nestjs-socketio migrate`; 0 if it ran, whatever is left to do, and 1 if nothing could be done. */
export function migrateCommand(args: readonly string[]): number {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        project: { type: 'string', short: 'p' },
        quiet: { type: 'boolean' },
        write: { type: 'boolean' },
      },
    });
    if (values.help) process.stdout.write(HELP);
    else run(path.resolve(positionals[0] ?? '.'), values.project, values.write ?? false, values.quiet ?? false);
    return 0;
  } catch (error) {
    if (!(error instanceof MigrateError) && !isArgumentError(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

function run(root: string, tsconfig: string | undefined, write: boolean, quiet: boolean): void {
  const { changes, report } = migrate({ root, tsconfig, version: ownVersion() });
  for (const { file, before, after } of changes) {
    if (write) writeFileSync(file, after);
    else if (!quiet)
      process.stdout.write(`${unifiedDiff(path.relative(root, file).replaceAll(path.sep, '/'), before, after)}\n`);
  }
  process.stdout.write(report.toString());
  if (changes.length > 0 && !write)
    process.stdout.write('\nNothing is written. Run it with --write to change the files.\n');
}

/** The version of this package, from which the command was started. */
function ownVersion(): string {
  let folder = path.dirname(realpathSync(process.argv[1]));
  // Below `dist` there are files of this name that say no more than the format of the modules.
  while (!existsSync(path.join(folder, 'README.md'))) folder = path.dirname(folder);
  return (JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}
