/** Holds the README to the code: every option and every code is in it, and nothing else is. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const root = path.join(import.meta.dirname, '..');
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

  it('lists every code with which a session or a socket ends, and no other', () => {
    const documented = tableColumn('`disconnect` comes with', 1).flatMap(codesIn);
    expect([...new Set(documented)].sort()).toEqual([...endCodes()].sort());
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

/** Codes of details: given to `closeDetail`, written out, or thrown by a decoder. */
function endCodes(): Set<string> {
  const codes = new Set<string>();
  const folder = path.join(root, 'src');
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.startsWith('nest')) continue;
    const text = readFileSync(path.join(folder, file), 'utf8');
    const patterns = [
      /closeDetail\(\s*'([A-Z0-9_]+)'/g,
      /details = \{ code: '([A-Z0-9_]+)'/g,
      /close\([^;{]*\{\s*code: '([A-Z0-9_]+)'/g,
      /new ProtocolError\(\s*'([A-Z0-9_]+)'/g,
      /^ {2}WS_ERR_\w+: '([A-Z0-9_]+)'/gm,
      /\?\? '([A-Z]+_[A-Z_]+)'/g,
    ];
    for (const pattern of patterns) for (const [, code] of text.matchAll(pattern)) codes.add(code);
  }
  // Ends of attempts that no session and no connected socket hears of.
  for (const internal of ['UPGRADE_INVALID', 'UPGRADE_TIMEOUT', 'SESSION_CLOSED', 'ALREADY_UPGRADED', 'REFUSED']) {
    codes.delete(internal);
  }
  return codes;
}
