import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { COMPILERS, Compiler, readType, TYPES } from './compiler.js';

const MESSAGES = path.join(TYPES, 'bad.messages.txt');

/** `bad.ts` without its marks; the lines keep their numbers. */
const UNMARKED = readType('bad.ts').replace(/@ts-expect-error/g, 'refused:');

jestTimeout(120_000);

/** One for each version: what it has read serves all tests. */
const compilers = Object.entries(COMPILERS).map(([version, ts]) => [version, new Compiler(ts)] as const);

describe.each(compilers)('TypeScript %s', (_version, compiler) => {
  it('takes what is right, refuses each mistake, and derives exact types', () => {
    const files = ['good.ts', 'bad.ts', 'exact.ts'];
    const program = compiler.program(files);
    for (const file of files) expect([file, compiler.complaints(program, file, 4)]).toEqual([file, []]);
  });

  it('says what is wrong, in the same words as the other version', () => {
    const program = compiler.program(['bad.ts'], { 'bad.ts': UNMARKED });
    const messages = compiler.complaints(program, 'bad.ts', 2);
    const marks = UNMARKED.split('refused:').length - 1;
    expect(new Set(messages.map((message) => message.split(':')[0])).size).toBe(marks);
    const text = `${messages.join('\n')}\n`;
    if (process.env.UPDATE_MESSAGES !== undefined || !existsSync(MESSAGES)) writeFileSync(MESSAGES, text);
    expect(text).toBe(readFileSync(MESSAGES, 'utf8'));
  });
});

describe.each(compilers)('an editor with TypeScript %s', (_version, { options, ts }) => {
  const good = path.join(TYPES, 'good.ts');
  const text = readType('good.ts');
  const service = ts.createLanguageService({
    getCompilationSettings: () => options,
    getScriptFileNames: () => [good],
    getScriptVersion: () => '1',
    getScriptSnapshot: (file) => {
      const content = ts.sys.readFile(file);
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
    },
    getCurrentDirectory: () => TYPES,
    getDefaultLibFileName: (settings) => ts.getDefaultLibFilePath(settings),
    fileExists: (file) => ts.sys.fileExists(file),
    readFile: (file) => ts.sys.readFile(file),
    directoryExists: (folder) => ts.sys.directoryExists(folder),
    getDirectories: (folder) => ts.sys.getDirectories(folder),
    realpath: (file) => ts.sys.realpath!(file),
  });
  const at = (before: string): number => text.indexOf(before) + before.length;
  const hover = (before: string): string =>
    ts.displayPartsToString(service.getQuickInfoAtPosition(good, at(before))!.displayParts);

  it('shows entries, bodies and replies in full', () => {
    expect(hover('@Ack(chat.in.')).toContain('message: Entry<"message", [{');
    expect(hover('@Ack(chat.in.sum) sum(@Args(chat.in.')).toContain(
      'sum: Entry<"sum", [number, number], number, [number, number]>',
    );
    expect(hover('@OnEvent(chat.in.')).toContain(
      'move: Entry<"move", [x: number, y: number], NoAck, [x: number, y: number]>',
    );
    expect(hover('const { ')).toContain('const id: string');
  });

  it('completes, finds and renames events', () => {
    const position = at('@Ack(chat.in.');
    const names = service.getCompletionsAtPosition(good, position, {})!.entries.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['message', 'sum', 'search', 'move', 'typing']));
    const [definition] = service.getDefinitionAtPosition(good, position)!;
    expect(path.basename(definition.fileName)).toBe('contracts.ts');
    const places = service.findRenameLocations(good, position, false, false, {})!;
    expect(places.map(({ fileName }) => path.basename(fileName)).sort()).toEqual([
      'contracts.ts',
      'good.ts',
      'good.ts',
      'good.ts',
      'good.ts',
    ]);
  });
});

describe('the compile time', () => {
  const [, compiler] = compilers.at(-1)!;
  /** What every contract of a kind costs, however small. */
  const grounds = new Map<string, number>();

  it.each([
    { kind: 'typed', budget: 600, half: 100 },
    { kind: 'validated', budget: 2_000, half: 100 },
    { kind: 'validated', budget: 2_000, half: 500 },
  ] as const)(
    'stays within $budget instantiations for each $kind event, 2 × $half of them',
    ({ kind, budget, half }) => {
      if (!grounds.has(kind)) grounds.set(kind, instantiations(compiler, 1, kind));
      const ground = grounds.get(kind)!;
      expect((instantiations(compiler, half, kind) - ground) / (2 * half)).toBeLessThanOrEqual(budget);
    },
  );
});

/** A contract of as many events in each direction, all handled and emitted twice; a client uses up to 200 of them. */
function instantiations(compiler: Compiler, half: number, kind: 'typed' | 'validated'): number {
  const numbers = Array.from({ length: half }, (_, i) => i);
  const definition =
    kind === 'typed'
      ? 'event<[body: { id: string; n: number }]>()'
      : 'event(z.object({ id: z.string(), n: z.number() }))';
  const reply = kind === 'typed' ? '.ack<{ at: number }>()' : '.ack(z.object({ at: z.number() }))';
  const contract = `
    import { defineContract, event } from 'nestjs-socketio/contract';
    import { z } from 'zod';
    export const big = defineContract('/big', {
      in: { ${numbers.map((i) => `in${i}: ${definition}${reply},`).join('\n')} },
      out: { ${numbers.map((i) => `out${i}: ${definition},`).join('\n')} },
    });
    export { z };`;
  const gateway = `
    import { Ack, ConnectedSocket, MessageBody, Websocket, type SocketOf } from 'nestjs-socketio';
    import type { BodyOf } from 'nestjs-socketio/contract';
    import { big } from './big.js';
    export class BigGateway {
      constructor(private readonly websocket: Websocket) {}
      ${numbers
        .map(
          (i) => `@Ack(big.in.in${i}) on${i}(
            @MessageBody(big.in.in${i}) body: BodyOf<typeof big.in.in${i}>,
            @ConnectedSocket(big) socket: SocketOf<typeof big>) {
            socket.emit('out${i}', body);
            this.websocket.of(big).emit('out${i}', body);
            return { at: 1 };
          }`,
        )
        .join('\n')}
    }`;
  const client = `
    import { request, type ClientOf } from 'nestjs-socketio/client';
    import type { big } from './big.js';
    export async function use(socket: ClientOf<typeof big>) {
      ${numbers
        .slice(0, 100)
        .map(
          (i) =>
            `(await request(socket, 'in${i}', { id: '', n: 1 })).at.toFixed(); socket.on('out${i}', ({ n }) => n.toFixed());`,
        )
        .join('\n')}
    }`;
  const files = { 'big.ts': contract, 'big.gateway.ts': gateway, 'big.client.ts': client };
  const program = compiler.program(Object.keys(files), files);
  for (const file of Object.keys(files)) expect(compiler.complaints(program, file, 3)).toEqual([]);
  return program.getInstantiationCount();
}

function jestTimeout(milliseconds: number): void {
  (import.meta as unknown as { jest: { setTimeout(ms: number): void } }).jest.setTimeout(milliseconds);
}
