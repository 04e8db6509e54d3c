#!/usr/bin/env node
/** The command `nestjs-socketio`: development tools. Each command is a module of its own, loaded when it is called. */

/** Runs a command; resolves to the exit code of the process. */
export type Command = (args: readonly string[]) => number | Promise<number>;

interface CommandEntry {
  readonly summary: string;
  load(): Promise<Command>;
}

const COMMANDS: ReadonlyMap<string, CommandEntry> = new Map([
  [
    'asyncapi',
    {
      summary: 'writes the events of an application as an AsyncAPI document',
      load: async () => (await import('./asyncapi/asyncapi.command.js')).asyncApiCommand,
    },
  ],
  [
    'migrate',
    {
      summary: 'turns a project of @nestjs/platform-socket.io into the module',
      load: async () => (await import('./migrate/migrate.command.js')).migrateCommand,
    },
  ],
]);

void run(process.argv.slice(2));

async function run([name, ...args]: string[]): Promise<void> {
  const command = COMMANDS.get(name);
  if (command !== undefined) {
    process.exitCode = await (await command.load())(args);
    return;
  }
  const asked = name === undefined || name === '--help' || name === '-h';
  const lines = [...COMMANDS].map(([each, { summary }]) => `  nestjs-socketio ${each.padEnd(10)} ${summary}`);
  const text = ['Usage:', ...lines, '', 'Run a command with --help to see its options.', ''].join('\n');
  (asked ? process.stdout : process.stderr).write(asked ? text : `Unknown command "${name}".\n${text}`);
  process.exitCode = asked ? 0 : 1;
}
