/** Compares servers side by side; see README.md. */
import process from 'node:process';
import { buildWhenStale } from './lib/build.mjs';
import { readOptions } from './lib/options.mjs';
import { check } from './modes/check.mjs';
import { compare } from './modes/compare.mjs';
import { flat } from './modes/flat.mjs';
import { profile } from './modes/profile.mjs';
import { scenarios } from './scenarios/index.mjs';
import { isInstalled } from './servers/index.mjs';

const MODES = { compare, check, profile, flat };

const options = readArguments();
if (options !== null && !(await bench(options))) process.exitCode = 1;

/** @returns {import('./lib/options.mjs').Options | null} null when there is nothing to run */
function readArguments() {
  try {
    return readOptions(process.argv.slice(2), scenarios);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 2;
    return null;
  }
}

/** @param {import('./lib/options.mjs').Options} options */
function bench(options) {
  if (options.servers.some(({ file }) => file.startsWith('ours'))) buildWhenStale();
  const servers = options.servers.filter(({ name, needs }) => {
    const isPresent = isInstalled(needs);
    if (!isPresent) console.log(`${name} is skipped: ${needs} is not there`);
    return isPresent;
  });
  return MODES[options.mode]({ ...options, servers });
}
