import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { asyncApiDocument, AsyncApiError, toYaml, type AsyncApiServer } from '../../asyncapi/index.js';
import { isArgumentError } from '../arguments/argument-error.js';
import { withContracts } from './application-contracts.js';
import { ApplicationError } from './application-error.js';
import { manifestOf } from './project-root.js';

const HELP = `Writes the events of an application as an AsyncAPI document.

  nestjs-socketio asyncapi <file>     prints the document

  <file>                     exports the application's root module, or contracts; TypeScript or JavaScript
  --out <file>               writes it there, as JSON if the name ends with .json and else as YAML
  --check                    writes nothing, and fails if the file of --out has different events
  --json                     prints JSON instead of YAML
  --title, --api-version     by default those of package.json
  --description <text>
  --server <name>=<url>      such as production=wss://chat.example/socket.io; may be repeated
  --project <file>           the configuration of TypeScript, "tsconfig.json" by default

The application is not started: its modules are read, and no provider is made.
`;

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  out: { type: 'string' },
  check: { type: 'boolean' },
  json: { type: 'boolean' },
  title: { type: 'string' },
  'api-version': { type: 'string' },
  description: { type: 'string' },
  server: { type: 'string', multiple: true },
  project: { type: 'string', short: 'p' },
} as const;

/** `nestjs-socketio asyncapi`; 0 if the document is written or the same, 1 if it is not. */
export async function asyncApiCommand(args: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
    if (values.help) {
      process.stdout.write(HELP);
      return 0;
    }
    const [file] = positionals;
    if (file === undefined) throw new ApplicationError(`No file is given. Run: ${USAGE}`);
    if (values.check && values.out === undefined)
      throw new ApplicationError('--check needs --out <file> to compare with.');
    const text = await documentOf(path.resolve(file), values);
    return values.check ? compare(values.out!, text) : write(values.out, text);
  } catch (error) {
    const isExpected = error instanceof ApplicationError || error instanceof AsyncApiError || isArgumentError(error);
    if (!isExpected) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

const USAGE = 'nestjs-socketio asyncapi src/app.module.ts';

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

async function documentOf(file: string, values: Values): Promise<string> {
  if (!existsSync(file)) throw new ApplicationError(`${file} does not exist.`);
  const manifest = manifestOf(file);
  const { description } = values;
  const info = {
    title: values.title ?? manifest.name ?? 'Events',
    version: values['api-version'] ?? manifest.version ?? '0.0.0',
    ...(description === undefined ? null : { description }),
  };
  const servers = values.server === undefined ? undefined : Object.fromEntries(values.server.map(readServer));
  const document = await withContracts(file, values.project, (contracts) => {
    if (contracts.length === 0) process.stderr.write('No gateway has a contract: the document has no events.\n');
    return asyncApiDocument(contracts, { info, servers });
  });
  const isJson = values.out === undefined ? values.json === true : values.out.endsWith('.json');
  return isJson ? `${JSON.stringify(document, null, 2)}\n` : toYaml(document);
}

function readServer(given: string): [name: string, server: AsyncApiServer] {
  const [, name, url] = /^([\w-]+)=(.+)$/.exec(given) ?? [];
  if (name === undefined || !URL.canParse(url)) {
    throw new ApplicationError(`--server takes <name>=<url>, such as production=wss://chat.example, not "${given}".`);
  }
  const { protocol, host, pathname } = new URL(url);
  return [name, { host, protocol: protocol.slice(0, -1), ...(pathname === '/' ? null : { pathname }) }];
}

function write(out: string | undefined, text: string): number {
  if (out === undefined) process.stdout.write(text);
  else writeFileSync(out, text);
  return 0;
}

function compare(out: string, text: string): number {
  const present = existsSync(out) ? readFileSync(out, 'utf8').replaceAll('\r\n', '\n') : null;
  if (present === text) return 0;
  const what =
    present === null ? 'does not exist' : `differs from the application at line ${firstDifference(present, text)}`;
  process.stderr.write(`${out} ${what}. Run the command without --check to update it.\n`);
  return 1;
}

function firstDifference(a: string, b: string): number {
  const [left, right] = [a.split('\n'), b.split('\n')];
  return left.findIndex((line, i) => line !== right[i]) + 1 || left.length;
}
