/** Holds the manual to the code: every option, code and public name is in it, and nothing else is. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
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
import { codesIn, MANUAL, readPage, ROOT, tableColumn } from './manual.js';

const OPTION_INTERFACES = {
  'src/engine/engine-options.ts': 'EngineOptions',
  'src/socketio/server-options.ts': 'ServerOptions',
  'src/nest/socket-io.options.ts': 'SocketIoModuleOptions',
  'src/nest/platform/own-port.ts': 'OwnPortOptions',
};

describe('the manual', () => {
  it('lists every option, and no other', () => {
    const documented = [
      ...tableColumn('docs/options.md', '# Options', 0),
      ...tableColumn('docs/limits.md', '# Limits', 0),
    ].flatMap(codesIn);
    const declared = Object.entries(OPTION_INTERFACES).flatMap(([file, name]) => propertiesOf(file, name));
    // Spellings that the options' reader accepts beside a name, which no interface has.
    const aliases = ['handshakeTimeout', 'outboundAckTimeout'];
    expect(documented.sort()).toEqual([...declared, ...aliases].sort());
  });

  it('lists every option of SocketIoAdapter, and no other', () => {
    const documented = tableColumn('docs/migration.md', '## `SocketIoAdapter`', 0).flatMap(codesIn);
    const declared = [
      ...propertiesOf('src/nest/adapter/socket-io-adapter.options.ts', 'SocketIoAdapterOptions'),
      ...propertiesOf('src/nest/platform/own-port.ts', 'OwnPortOptions'),
    ];
    expect(documented.sort()).toEqual(declared.sort());
  });

  it('lists every code with which a session or a socket ends, and no other', () => {
    const documented = tableColumn('docs/errors.md', '`disconnect` comes with', 1).flatMap(codesIn);
    // The types of `closeDetail`, `DisconnectDetails` and the errors of decoders let no other code arise.
    const catalogues = [...SESSION_CODES, ...PROTOCOL_ERROR_CODES, ...DISCONNECT_CODES, ...PACKET_ERROR_CODES];
    expect([...new Set(documented)].sort()).toEqual(catalogues.toSorted());
  });

  it('lists every cause of a refused request with its code, status and sentence, and no other', () => {
    const after = 'HTTP answers to requests';
    const [codes, statuses, messages, names] = [0, 1, 2, 3].map((column) =>
      tableColumn('docs/errors.md', after, column),
    );
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
    const documented = tableColumn('docs/errors.md', 'Other codes:', 1).flatMap(codesIn);
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
    const documented = tableColumn('docs/operations.md', '## Statistics', 0).flatMap(codesIn);
    expect(documented.sort()).toEqual(Object.keys(new Server().stats()).sort());
  });

  it.each(['src/index.ts', 'src/testing/index.ts'])(
    'names each class, decorator and function that %s exports',
    (file) => {
      const manual = MANUAL.map(readPage).join('\n');
      const unnamed = valuesOf(file).filter((name) => !new RegExp(`\\b${name}\\b`).test(manual));
      expect(unnamed).toEqual([]);
    },
  );

  it('has a README of at most 250 lines that lists every page', () => {
    const readme = readPage('README.md');
    expect(readme.split('\n').length).toBeLessThanOrEqual(250);
    expect(MANUAL.filter((page) => page.startsWith('docs/') && !readme.includes(`](${page})`))).toEqual([]);
  });

  it('has each page in the list of the site', () => {
    const site = readPage('docs/.vitepress/config.mjs');
    const pages = MANUAL.filter((page) => page.startsWith('docs/')).map((page) => path.basename(page, '.md'));
    expect(pages.filter((page) => !site.includes(`'${page}'`))).toEqual([]);
  });

  it.each(MANUAL)('%s names only files, headings and scripts that exist', (page) => {
    const text = readPage(page);
    const { scripts } = JSON.parse(readPage('package.json')) as { scripts: object };
    const known = [...Object.keys(scripts), 'ci', 'i', 'install', 'pack', 'publish', 'npm'];
    const named = [...text.matchAll(/\bnpm (?:run )?([a-z][a-z:-]*)/g)].map(([, name]) => name);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
    expect(linksOf(text).filter((target) => !leadsSomewhere(page, target))).toEqual([]);
  });

  it.each(MANUAL)('%s has none of the words that are avoided', (page) => {
    const words = proseOf(readPage(page))
      .replaceAll(/`[^`]*`/g, '')
      .match(/\b(?:nobody|whoever|this side|simply)\b/gi);
    expect(words).toBeNull();
  });

  it.each(MANUAL)('%s has no line of more than 160 characters, and no table with padding', (page) => {
    const lines = proseOf(readPage(page)).split('\n');
    // A vulnerability stands beside the path of its test.
    const mayBeLong = page === '.github/SECURITY.md' ? '|' : null;
    expect(lines.filter((line) => line.length > 160 && line[0] !== mayBeLong)).toEqual([]);
    expect(lines.filter((line) => /^\|.*(?: {3}|-{4})/.test(line))).toEqual([]);
  });
});

describe('the README of a sample', () => {
  const samples = readdirSync(path.join(ROOT, 'sample')).map((name) => `sample/${name}/README.md`);

  it.each(samples)('%s has at most 40 lines, none longer than 160 characters, and no table with padding', (page) => {
    const lines = readPage(page).trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(40);
    expect(lines.filter((line) => line.length > 160 || /^\|.*(?: {3}|-{4})/.test(line))).toEqual([]);
  });

  it.each(samples)('%s is told of in docs/samples.md, and names only files that exist', (page) => {
    const folder = path.dirname(page);
    expect(readPage('docs/samples.md')).toContain(`](../${folder})`);
    const named = codesIn(proseOf(readPage(page))).filter((code) => /^(?:src|docs)\/[\w/.-]+$/.test(code));
    const missing = named.filter(
      (file) => !existsSync(path.join(ROOT, file.startsWith('docs') ? file : `${folder}/${file}`)),
    );
    expect(missing).toEqual([]);
  });
});

/** What people ask, the words in which the README's index answers, and where. */
const QUESTIONS: [question: string, word: string, page: string, text: string][] = [
  ['How do I check a JWT?', 'tokens', 'authentication', '## A token'],
  ['What happens when the token ends?', 'refresh', 'authentication', '## A token that ends'],
  ['How do I restrict an event to admins?', 'roles', 'authentication', '## Roles'],
  ['Can I use express-session and passport?', 'sessions', 'authentication', '## Sessions and passport'],
  ['How do I validate a DTO?', 'DTOs', 'validation', 'class-validator'],
  ['How do I type events on both sides?', 'typed', 'contracts', '## Define it'],
  ['How do I join rooms, and check membership?', 'rooms', 'recipes', '## Rooms and typing'],
  ['How do I show who is online?', 'presence', 'recipes', '#presence)'],
  ['How does a controller emit to one user?', 'REST to a user', 'recipes', '## Emit to a user from REST'],
  ['How do I send a large file?', 'uploads', 'recipes', '## Uploads in chunks'],
  ['How do I set up Redis?', 'Redis', 'recipes', '## Redis, by `forRootAsync`'],
  ['What if Redis goes away?', 'Redis outages', 'adapters', '## When Redis goes away'],
  ['How often may a client emit?', 'throttling', 'recipes', '## Throttling'],
  ['Why does my client get 400?', '400', 'faq', '400'],
  ['Why is my page refused?', 'CORS', 'faq', '## CORS'],
  ['Why do events come twice in React?', 'React', 'faq', '## Events come twice in React'],
  ['Why do phones lose the connection?', 'phones', 'faq', '## Phones lose the connection'],
  ['How do I test a gateway?', 'clients in memory', 'testing', 'createTestClient'],
  ['How do I configure nginx?', 'nginx', 'deployment', '## nginx'],
  ['How do I deploy on Kubernetes?', 'Kubernetes', 'deployment', '## Kubernetes'],
  ['Does it run serverless?', 'serverless', 'deployment', '## Serverless'],
  ['How do I get metrics?', 'metrics', 'observability', 'prom-client'],
  ['How do I move from IoAdapter?', 'IoAdapter', 'migration', 'IoAdapter'],
  ['Can I use it without Nest?', 'without Nest', 'server', '# '],
];

describe('the index of the README', () => {
  it.each(QUESTIONS)('%s “%s” leads to %s', (_question, word, page, text) => {
    const row = readPage('README.md')
      .split('\n')
      .find((line) => line.startsWith('| [') && line.includes(`](docs/${page}.md)`));
    expect(row).toContain(word);
    expect(readPage(`docs/${page}.md`)).toContain(text);
  });
});

describe('the catalogues of codes', () => {
  it('have each code once, in one of them', () => {
    const codes = [...ENGINE_CODES, ...SOCKETIO_CODES, ...NEST_CODES, ...CONTRACT_CODES];
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
  });

  it('have every code that is written anywhere in the source', () => {
    const known = new Set([...ENGINE_CODES, ...SOCKETIO_CODES, ...NEST_CODES, ...CONTRACT_CODES, ...INTERNAL_CODES]);
    const written = sources().flatMap(([file, source]) => codesOf(source).map((code) => `${code} in ${file}`));
    expect(written.length).toBeGreaterThan(8);
    expect(written.filter((each) => !known.has(each.split(' ')[0]))).toEqual([]);
  });
});

/** An end that no connected socket hears of; codes of Node's warnings and of examples. */
const INTERNAL_CODES = ['REFUSED', ...['SOCKETIO_NO_CLUSTER', 'SOCKETIO_WARNING', 'EPIPE', 'ROOM_FULL']];

/** Without blocks of code. */
function proseOf(text: string): string {
  return text.replaceAll(/^ *```.*?^ *```$/gms, '');
}

function linksOf(text: string): string[] {
  return [...proseOf(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target)
    .filter((each) => !each.includes('://'));
}

function leadsSomewhere(page: string, target: string): boolean {
  const [file, anchor] = target.split('#');
  const to = file === '' ? page : path.join(path.dirname(page), file);
  return existsSync(path.join(ROOT, to)) && (anchor === undefined || anchorsOf(readPage(to)).includes(anchor));
}

/** As GitHub makes them of headings. */
function anchorsOf(text: string): string[] {
  return [...proseOf(text).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Exported names that are no types. */
function valuesOf(file: string): string[] {
  const source = ts.createSourceFile(file, readPage(file), ts.ScriptTarget.Latest);
  return source.statements
    .filter(ts.isExportDeclaration)
    .filter((each) => !each.isTypeOnly)
    .flatMap(({ exportClause }) => (exportClause as ts.NamedExports).elements)
    .filter(({ isTypeOnly }) => !isTypeOnly)
    .map(({ name }) => name.text);
}

function propertiesOf(file: string, name: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(path.join(ROOT, file), 'utf8'), ts.ScriptTarget.Latest);
  const found = source.statements.filter(ts.isInterfaceDeclaration).find((each) => each.name.text === name);
  return found!.members.map((member) => (member.name as ts.Identifier).text);
}

/** Path below src, and what is in the file. */
function sources(): [string, ts.SourceFile][] {
  const folder = path.join(ROOT, 'src');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [
      file,
      ts.createSourceFile(file, readFileSync(path.join(folder, file), 'utf8'), ts.ScriptTarget.Latest, true),
    ]);
}

/** The texts in capitals that become the `code` of something: a property of an object or a class, or one that is assigned. */
function codesOf(source: ts.SourceFile): string[] {
  const codes: string[] = [];
  const take = (name: ts.Node, value: ts.Node | undefined): void => {
    const isCode = (ts.isPropertyAccessExpression(name) ? name.name : name).getText(source) === 'code';
    if (isCode && value !== undefined && ts.isStringLiteral(value) && /^[A-Z][A-Z0-9_]+$/.test(value.text)) {
      codes.push(value.text);
    }
  };
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node) || ts.isPropertyDeclaration(node)) take(node.name, node.initializer);
    else if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken) {
      take(node.left, node.right);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return codes;
}
