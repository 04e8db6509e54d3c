import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { PEERS, versionOf } from '../peers/index.mjs';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What a figure depends on besides the code that is measured. */
export function describeEnvironment() {
  const cpus = os.cpus();
  return {
    date: new Date().toISOString(),
    commit: currentCommit(),
    node: process.version,
    machine: `${cpus[0].model.trim()}, ${cpus.length} cores, ${os.type()}`,
    pinned: canPin(),
    versions: {
      'socket.io': installedVersion('socket.io'),
      '@nestjs/core': installedVersion('@nestjs/core'),
      '@nestjs/platform-socket.io': installedVersion('@nestjs/platform-socket.io'),
      'its socket.io': installedVersion('socket.io', '@nestjs/platform-socket.io'),
      fastify: installedVersion('fastify'),
      ws: installedVersion('ws'),
      'ws of engine.io': installedVersion('ws', 'engine.io'),
      ...Object.fromEntries(PEERS.map((peer) => [peer.name, versionOf(peer)])),
    },
  };
}

/**
 * What to put before a command to keep it on one core: the server has one to itself, and the load has another.
 *
 * @param {number} core
 */
export function pinTo(core) {
  return canPin() ? ['taskset', '-c', String(core)] : [];
}

function canPin() {
  return os.cpus().length > 1 && run('taskset', ['--version']) !== null;
}

function currentCommit() {
  const commit = run('git', ['rev-parse', '--short', 'HEAD']);
  if (commit === null) return 'unknown';
  return run('git', ['status', '--porcelain']) === '' ? commit : `${commit} with changes`;
}

/** The version that `dependent`, or this package, gets when it imports `name`. */
function installedVersion(name, dependent) {
  let from = root;
  if (dependent !== undefined) from = join(root, 'node_modules', dependent);
  for (const folder of createRequire(join(from, 'package.json')).resolve.paths(name)) {
    const manifest = join(folder, name, 'package.json');
    if (existsSync(manifest)) return JSON.parse(readFileSync(manifest, 'utf8')).version;
  }
  return 'missing';
}

function run(command, args) {
  try {
    return execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null;
  }
}
