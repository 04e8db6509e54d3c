import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeWith, findProgram, type Surroundings } from './requirements.js';

describe('describeWith', () => {
  it('declares the suite with the path of the program when it is installed', () => {
    const around = surroundings({ found: '/opt/chromium' });
    const paths: string[] = [];
    describeWith('chromium', 'a browser', (found) => paths.push(found), around);
    expect(paths).toEqual(['/opt/chromium']);
    expect(around.log).toEqual(['describe a browser']);
  });

  it('skips the suite and prints one line that says how to get the program', () => {
    const around = surroundings({ found: null });
    describeWith('postgres', 'rooms in PostgreSQL', () => around.it('a test', () => {}), around);
    expect(around.log).toEqual([
      'print left out: "rooms in PostgreSQL": postgres is not installed (Debian: apt-get install postgresql)\n',
      'skip rooms in PostgreSQL',
      'it a test',
    ]);
  });

  it('declares a failing test in CI, and none of the suite', () => {
    const around = surroundings({ found: null, ci: true });
    describeWith('redis-server', 'two nodes', () => around.it('a test', () => {}), around);
    expect(around.log).toEqual(['describe two nodes', 'it needs redis-server']);
    expect(around.tests).toHaveLength(1);
    expect(around.tests[0]).toThrow('redis-server is not installed (Debian: apt-get install redis-server)');
  });
});

describe('findProgram', () => {
  let bin: string;
  beforeEach(() => {
    bin = mkdtempSync(path.join(tmpdir(), 'programs-'));
  });
  afterEach(() => rmSync(bin, { recursive: true }));

  it('gives the absolute path of an executable on the search path', () => {
    const file = program('redis-server');
    expect(findProgram('redis-server', ['/nowhere', bin].join(path.delimiter))).toBe(file);
  });

  it('knows a program by its other names, and prefers the first', () => {
    const other = program('google-chrome');
    expect(findProgram('chromium', bin)).toBe(other);
    const first = program('chromium');
    expect(findProgram('chromium', bin)).toBe(first);
  });

  it('passes over folders, files that are not executable and relative folders', () => {
    mkdirSync(path.join(bin, 'chromium'));
    chmodSync(program('chromium-browser'), 0o644);
    program('redis-server');
    expect(findProgram('chromium', bin)).toBeNull();
    expect(findProgram('redis-server', path.relative(process.cwd(), bin))).toBeNull();
  });

  it('gives null for what is not there', () => {
    expect(findProgram('redis-server', '')).toBeNull();
  });

  function program(name: string): string {
    const file = path.join(bin, name);
    writeFileSync(file, '#!/bin/sh\n', { mode: 0o755 });
    return file;
  }
});

/** Records, in order, what would have been declared or printed. */
function surroundings({ found, ci = false }: { found: string | null; ci?: boolean }) {
  const log: string[] = [];
  const tests: (() => void)[] = [];
  const suite = (kind: string) => (title: string, body: () => void) => {
    log.push(`${kind} ${title}`);
    body();
  };
  return {
    ci,
    find: () => found,
    describe: Object.assign(suite('describe'), { skip: suite('skip') as unknown as typeof describe.skip }),
    it: (title: string, body: () => void) => {
      log.push(`it ${title}`);
      tests.push(body);
    },
    print: (line: string) => void log.push(`print ${line}`),
    log,
    tests,
  } satisfies Surroundings & Record<string, unknown>;
}
