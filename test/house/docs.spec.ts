/** Holds the README to the code: every option and every code is in it, and nothing else is. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import {
  ENGINE_CODES,
  PROTOCOL_ERROR_CODES,
  REFUSALS,
  SESSION_CODES,
  UPGRADE_CODES,
  type RefusalName,
} from '../../src/engine/index.js';
import { Refusal } from '../../src/engine/http/refusal.js';
import { CONTRACT_CODES } from '../../src/contract/runtime.js';
import { NEST_CODES } from '../../src/nest/errors/nest-codes.js';
import { PACKET_ERROR_CODES } from '../../src/socketio/codec/packet-error.js';
import { Server } from '../../src/socketio/index.js';
import { ACK_CODES } from '../../src/socketio/acks/ack-error.js';
import { CONNECT_REFUSAL_CODES, SOCKETIO_CODES } from '../../src/socketio/socketio-codes.js';
import { DISCONNECT_CODES } from '../../src/socketio/client/disconnect-reason.js';

const root = path.join(import.meta.dirname, '../..');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');

const OPTION_INTERFACES = {
  'src/engine/engine-options.ts': 'EngineOptions',
  'src/socketio/server-options.ts': 'ServerOptions',
  'src/nest/socket-io.options.ts': 'SocketIoModuleOptions',
};

describe('README', () => {
  it('lists every option, and no other', () => {
    const documented = [...tableColumn('## Options', 0), ...tableColumn('## Limits', 0)].flatMap(codesIn);
    const declared = Object.entries(OPTION_INTERFACES).flatMap(([file, name]) => propertiesOf(file, name));
    // Spellings that the options' reader accepts beside a name, which no interface has.
    const aliases = ['handshakeTimeout', 'outboundAckTimeout'];
    expect(documented.sort()).toEqual([...declared, ...aliases].sort());
  });

  it('lists every option of SocketIoAdapter, and no other', () => {
    const documented = tableColumn('### `SocketIoAdapter`', 0).flatMap(codesIn);
    const declared = propertiesOf('src/nest/adapter/socket-io-adapter.options.ts', 'SocketIoAdapterOptions');
    expect(documented.sort()).toEqual(declared.sort());
  });

  it('lists every code with which a session or a socket ends, and no other', () => {
    const documented = tableColumn('`disconnect` comes with', 1).flatMap(codesIn);
    // The types of `closeDetail`, `DisconnectDetails` and the errors of decoders let no other code arise.
    const catalogues = [...SESSION_CODES, ...PROTOCOL_ERROR_CODES, ...DISCONNECT_CODES, ...PACKET_ERROR_CODES];
    expect([...new Set(documented)].sort()).toEqual(catalogues.toSorted());
  });

  it('lists every cause of a refused request with its code, status and sentence, and no other', () => {
    const after = 'HTTP answers to requests';
    const [codes, statuses, messages, names] = [0, 1, 2, 3].map((column) => tableColumn(after, column));
    const documented = names.flatMap((cell, row) =>
      codesIn(cell).map((name) => [name, Number(codes[row]), Number(statuses[row]), messages[row].trim()] as const),
    );
    const declared = Object.keys(REFUSALS).map((each) => {
      const name = each as RefusalName;
      const { code, status, message } = new Refusal(name);
      return [name, code, status, status === 403 ? 'Forbidden, or what `allowRequest` says' : message] as const;
    });
    expect(documented.toSorted()).toEqual(declared.toSorted());
  });

  it('lists every other code', () => {
    const documented = tableColumn('Other codes:', 1).flatMap(codesIn);
    const others = [
      ...ACK_CODES,
      ...CONNECT_REFUSAL_CODES,
      ...UPGRADE_CODES,
      ...NEST_CODES,
      ...CONTRACT_CODES,
      'INVALID_OPTION',
    ];
    // Codes that stand in another table as well.
    const shared = ['RATE_LIMITED', 'CONNECT_TIMEOUT', 'SEND_QUEUE_OVERFLOW'];
    expect([...new Set(documented)].sort()).toEqual([...others, ...shared].sort());
  });

  it('lists what stats() tells, and nothing else', () => {
    const documented = tableColumn('## Statistics', 0).flatMap(codesIn);
    expect(documented.sort()).toEqual(Object.keys(new Server().stats()).sort());
  });

  it('names only files and scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { scripts: object };
    const named = [...readme.matchAll(/npm (?:run )?([a-z][a-z:-]*)/g)].map(([, name]) => name);
    for (const name of named) expect([...Object.keys(scripts), 'ci', 'i']).toContain(name);
    for (const [, target] of readme.matchAll(/\]\(([^)#]+)\)/g)) {
      expect(readdirSync(path.dirname(path.join(root, target)))).toContain(path.basename(target));
    }
  });
});

describe('the catalogues of codes', () => {
  it('have each code once, in one of them', () => {
    const codes = [...ENGINE_CODES, ...SOCKETIO_CODES, ...NEST_CODES, ...CONTRACT_CODES];
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
  });

  it('have every code that is written anywhere in the source', () => {
    const known = new Set([...ENGINE_CODES, ...SOCKETIO_CODES, ...NEST_CODES, ...CONTRACT_CODES, ...INTERNAL_CODES]);
    const written = sources().flatMap(([file, text]) =>
      [...text.matchAll(/\bcode(?:: \w+)?(?::| =) '([A-Z][A-Z0-9_]+)'/g)].map(([, code]) => `${code} in ${file}`),
    );
    expect(written.length).toBeGreaterThan(8);
    expect(written.filter((each) => !known.has(each.split(' ')[0]))).toEqual([]);
  });
});

/** An end that no connected socket hears of; codes of Node's warnings and of examples. */
const INTERNAL_CODES = ['REFUSED', ...['SOCKETIO_NO_CLUSTER', 'SOCKETIO_WARNING', 'EPIPE', 'ROOM_FULL']];

/** The cells of one column of the first table behind a text. */
function tableColumn(after: string, column: number): string[] {
  const start = readme.indexOf(after);
  expect(start).toBeGreaterThan(-1);
  const lines = readme.slice(start).split('\n');
  const first = lines.findIndex((line) => line.startsWith('|'));
  const end = lines.findIndex((line, index) => index > first && !line.startsWith('|'));
  return lines.slice(first + 2, end).map((line) => line.split(/(?<!\\)\|/)[column + 1]);
}

function codesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
}

function propertiesOf(file: string, name: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(path.join(root, file), 'utf8'), ts.ScriptTarget.Latest);
  const found = source.statements.filter(ts.isInterfaceDeclaration).find((each) => each.name.text === name);
  return found!.members.map((member) => (member.name as ts.Identifier).text);
}

/** Path below src, and text. */
function sources(): [string, string][] {
  const folder = path.join(root, 'src');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [file, readFileSync(path.join(folder, file), 'utf8')]);
}
