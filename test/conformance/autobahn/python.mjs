/** A virtual environment of Python with what the cases need, in the user's cache: made once. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const REQUIREMENTS = path.join(import.meta.dirname, 'requirements.txt');
/** Without its dependencies, which are for Python 2. */
const SUITE = 'autobahntestsuite==25.10.1';
const PYTHON = process.env.PYTHON ?? 'python3';

/**
 * @returns {string} the environment's Python
 * @throws {Unavailable} if there is no Python 3 that can make one, or the suite cannot be installed into it
 */
export function preparePython() {
  const probe = spawnSync(PYTHON, ['-c', 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 9))']);
  if (probe.status !== 0) throw new Unavailable(`${PYTHON} is no Python 3.9 or later with venv`);
  const folder = path.join(cacheFolder(), `autobahn-${contentHash()}`);
  const python = path.join(folder, 'bin', 'python');
  const complete = path.join(folder, 'complete');
  if (existsSync(complete)) return python;
  rmSync(folder, { recursive: true, force: true });
  try {
    run(PYTHON, ['-m', 'venv', folder]);
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    run(python, [...install, '--requirement', REQUIREMENTS]);
    run(python, [...install, '--no-deps', SUITE]);
  } catch (error) {
    throw new Unavailable(`the test suite cannot be installed: ${error.message}`);
  }
  writeFileSync(complete, '');
  return python;
}

/** What the cases need is not on this machine, and cannot be had. */
export class Unavailable extends Error {}

function cacheFolder() {
  return path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'nestjs-socketio');
}

function contentHash() {
  const version = execFileSync(PYTHON, ['--version']);
  return createHash('sha256')
    .update(readFileSync(REQUIREMENTS))
    .update(SUITE)
    .update(version)
    .digest('hex')
    .slice(0, 12);
}

function run(command, args) {
  execFileSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
}
