/** Holds README.md beside this file to the behaviours of the Go module and to the tests that it names. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ENGINE_CODES } from '../../../src/engine/index.js';
import { NEST_CODES } from '../../../src/nest/errors/nest-codes.js';
import { SOCKETIO_CODES } from '../../../src/socketio/socketio-codes.js';

/** How many rows each section has, by their letter. */
const SECTIONS = {
  E: 9,
  H: 14,
  N: 13,
  A: 7,
  I: 20,
  K: 7,
  O: 13,
  Q: 12,
  B: 7,
  R: 6,
  P: 32,
  L: 4,
  V: 7,
  C: 11,
  F: 8,
  U: 6,
  G: 7,
};

const EVENTS = ['message', 'ping', 'pong', 'connect', 'disconnect', 'close', 'error'];

const ERRORS = [
  'ErrorInvalidConnection',
  'ErrorUUIDDuplication',
  'ErrAckNotRequested',
  'ErrAckAlreadySent',
  'ErrAckTimeout',
  'ErrAckDisconnected',
  'ErrReservedEventName',
  'ErrAckIDOverflow',
  'ErrEmptyEventArray',
  'ErrHandshakeClosed',
  'ErrInvalidNamespace',
  'ErrInvalidAuthPayload',
  'ErrHeartbeatTimeout',
  'ErrSendQueueClosed',
  'ErrSendQueueOverflow',
  'ErrBatchPacketsExceeded',
  'ErrPollingBodyTooLarge',
  'ErrPollingBeforeConnect',
  'ErrUnknownEIOPacket',
  '(plain)',
];

/** Those that must work; JSONP stays refused. */
const LIMITATIONS = ['namespaces', 'binary', 'recovery', 'upgrade', 'cors', 'jsonp'];

const VERDICTS = ['kept', 'otherwise', 'not applicable'];

const tests = path.join(import.meta.dirname, '../..');
const readme = readFileSync(path.join(import.meta.dirname, 'README.md'), 'utf8');
const rows = rowsOf((section) => /^1\.([1-9]|1[0-7]) /.test(section)).map(([id, asked, verdict, cell]) => {
  return { id, asked, verdict, ...readCell(cell) };
});
const events = rowsOf((section) => section.startsWith('1.18')).map(([id, asked, verdict, cell]) => {
  return { id, asked, verdict, ...readCell(cell) };
});
const limitations = rowsOf((section) => section === 'Known limitations').map(([id, asked, cell]) => {
  return { id, asked, ...readCell(cell) };
});
const tagged = readTags();

describe('the table', () => {
  it('has every row of the Go module once, in its order', () => {
    const ids = Object.entries(SECTIONS).flatMap(([letter, count]) =>
      Array.from({ length: count }, (_, i) => `${letter}${i + 1}`),
    );
    expect(rows.map(({ id }) => id)).toEqual(ids);
    expect(events.map(({ id }) => id)).toEqual(EVENTS);
  });

  it('has one of three verdicts on each, and what goes with it', () => {
    for (const { id, asked, verdict, named, reason } of [...rows, ...events]) {
      expect([id, VERDICTS]).toEqual([id, expect.arrayContaining([verdict])]);
      if (verdict === 'kept') expect([id, named.length]).not.toEqual([id, 0]);
      else expect([id, reason]).not.toEqual([id, '']);
      if (verdict === 'not applicable') expect([id, named]).toEqual([id, []]);
      expect([id, asked.split(' ').length]).toEqual([id, Math.min(asked.split(' ').length, 12)]);
    }
  });

  it('has every error value once, with codes that exist', () => {
    const errors = rowsOf((section) => section.startsWith('1.19'));
    expect(errors.map(([name]) => name.replaceAll('`', ''))).toEqual(ERRORS);
    const codes = errors.flatMap(([, here]) => [...here.matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(([, code]) => code));
    expect(codes.length).toBeGreaterThan(ERRORS.length / 2);
    expect(codes.filter((code) => ![...ENGINE_CODES, ...SOCKETIO_CODES, ...NEST_CODES].includes(code))).toEqual([]);
  });

  it('has the known limitations, with a test or a reason each', () => {
    const ids = limitations.map(({ id }) => id);
    expect(ids.slice(0, LIMITATIONS.length)).toEqual(LIMITATIONS);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, named, reason } of limitations) {
      if (LIMITATIONS.includes(id) || reason === '') expect([id, named.length]).not.toEqual([id, 0]);
    }
  });

  it('names the tests that say so themselves, and all of these', () => {
    const ofRows = [...rows, ...events.map((row) => ({ ...row, id: `event: ${row.id}` }))];
    const all = [...ofRows, ...limitations.map((row) => ({ ...row, id: `limitation: ${row.id}` }))];
    const written = all.flatMap(({ id, named }) => named.map((test) => `${test} [${id}]`));
    expect(written.toSorted()).toEqual(tagged.toSorted());
  });
});

/** The cells of the tables of some sections, without their heads. */
function rowsOf(isAsked: (section: string) => boolean): string[][] {
  const [, ...sections] = readme.split(/^## /m);
  return sections
    .filter((section) => isAsked(section.split('\n', 1)[0]))
    .flatMap((section) =>
      section
        .split('\n')
        .filter((line) => line.startsWith('|'))
        .slice(2),
    )
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('\\|', '|')),
    );
}

/** Tests in code, each as `file › name`, then a dash and the reason. */
function readCell(cell: string): { named: string[]; reason: string } {
  const [, list, reason] = /^((?:`[^`]+ › [^`]+`(?: · )?)*)(?: ?— )?(.*)$/.exec(cell)!;
  return { named: [...list.matchAll(/`([^`]+)`/g)].map(([, name]) => name), reason };
}

/** The tags of all tests, each as `file › name [tag]`. A name is a string that ends with its tags. */
function readTags(): string[] {
  const name = /(['"`])((?:(?!\1)[^\n])+?)((?: \[(?:[A-Z]\d+(?:, [A-Z]\d+)*|(?:event|limitation): [a-z -]+)\])+)\1/g;
  return readdirSync(tests, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.spec.ts') && file !== path.join('seed', 'seed.spec.ts'))
    .flatMap((file) => {
      const text = readFileSync(path.join(tests, file), 'utf8');
      return [...text.matchAll(name)].flatMap(([, , title, tags]) =>
        [...tags.matchAll(/\[([^\]]+)\]/g)]
          .flatMap(([, tag]) => tag.split(', '))
          .map((tag) => `${file.replaceAll('\\', '/')} › ${title} [${tag}]`),
      );
    });
}
