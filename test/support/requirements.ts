/** Suites that need a program which npm does not install. */
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

interface Requirement {
  /** Names the program goes by, best first. */
  readonly binaries: readonly string[];
  /** Where Debian puts it when that is not on PATH; the folder's children are versions, the newest wins. */
  readonly versions?: { readonly dir: string; readonly bin: string };
  readonly debianPackage: string;
}

const REQUIREMENTS = {
  chromium: { binaries: ['chromium', 'chromium-browser', 'google-chrome'], debianPackage: 'chromium' },
  nginx: { binaries: ['nginx'], debianPackage: 'nginx' },
  haproxy: { binaries: ['haproxy'], debianPackage: 'haproxy' },
  'redis-server': { binaries: ['redis-server'], debianPackage: 'redis-server' },
  postgres: {
    binaries: ['postgres'],
    versions: { dir: '/usr/lib/postgresql', bin: 'bin/postgres' },
    debianPackage: 'postgresql',
  },
} as const satisfies Record<string, Requirement>;

export type Program = keyof typeof REQUIREMENTS;

/** What `describeWith` reads and writes; a test passes its own. */
export interface Surroundings {
  readonly ci: boolean;
  readonly find: (program: Program) => string | null;
  readonly describe: Pick<typeof describe, 'skip'> & ((title: string, body: () => void) => void);
  readonly it: (title: string, body: () => void) => void;
  readonly print: (line: string) => void;
}

/**
 * Declares a suite that needs `program`. Where it is missing the suite is skipped with one line on stderr; in CI it
 * becomes a failing test instead, so that nothing is left out unseen.
 *
 * `body` gets the path of the program. It also runs when the suite is skipped, to list its tests; the path is then a
 * bare name, so start the program in a hook or a test, not while declaring.
 */
export function describeWith(
  program: Program,
  title: string,
  body: (path: string) => void,
  around: Surroundings = ambient(),
): void {
  const found = around.find(program);
  if (found !== null) return around.describe(title, () => body(found));

  const missing = `${program} is not installed (Debian: apt-get install ${REQUIREMENTS[program].debianPackage})`;
  if (around.ci) {
    return around.describe(title, () =>
      around.it(`needs ${program}`, () => {
        throw new Error(missing);
      }),
    );
  }
  around.print(`left out: "${title}": ${missing}\n`);
  around.describe.skip(title, () => body(program));
}

/** The absolute path of an installed program, or null. */
export function findProgram(program: Program, searchPath: string = process.env.PATH ?? ''): string | null {
  const { binaries, versions }: Requirement = REQUIREMENTS[program];
  // Servers are where the path of a user may not lead.
  const folders = [...searchPath.split(path.delimiter), '/usr/sbin'].filter(path.isAbsolute);
  const onPath = binaries.flatMap((binary) => folders.map((folder) => path.join(folder, binary)));
  const versioned = versions ? newestFirst(versions.dir).map((v) => path.join(versions.dir, v, versions.bin)) : [];
  return [...onPath, ...versioned].find(isExecutable) ?? null;
}

function ambient(): Surroundings {
  return {
    ci: Boolean(process.env.CI),
    find: findProgram,
    describe,
    it,
    print: (line) => process.stderr.write(line),
  };
}

function newestFirst(dir: string): string[] {
  try {
    return readdirSync(dir).sort((a, b) => Number(b) - Number(a));
  } catch {
    return [];
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
