import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PEERS } from '../peers/index.mjs';
import { entryOf } from './entry.mjs';

/** The folder of the package that this benchmark belongs to. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Peers outside Node have the plain handlers only. */
const PLAYED_BY_PEERS = [
  'echo',
  'events',
  'broadcast',
  'room',
  'rooms',
  'binary',
  'polling',
  'connect',
  'default-connect',
  'heartbeat',
  'idle',
  'scale',
];

/**
 * Every server exports `start(application)`, which resolves to its port, or to that and how to learn what it spends where
 * it is not this process; and answers the same events:
 *
 * - `echo` and `binary` are acknowledged with their argument
 * - `event` is counted for its socket; `count` is acknowledged with that count, which starts anew
 * - `broadcast` is sent to every socket as `news`
 * - `enter` and `leave` a room are acknowledged with `true`; `tell` is sent to the room `room-000` as `news`
 *
 * @typedef {object} Application
 * @property {string} root where our package is, built
 * @property {string} [program] URL of the server, where it is one outside Node
 * @property {object} [moduleOptions] further ones of our module
 * @property {number} pingInterval in milliseconds
 * @property {object} [options] further ones of the server, where it is one of Socket.IO without Nest
 * @property {import('./feed.mjs').Feed} [feed] instead of these events, where it is one of Socket.IO without Nest
 * @property {number} [tracing] the part of traces that is sampled, 0 to 1: by our instrumentation, or by the official one of the
 *   official server; without it nothing is instrumented
 * @property {boolean} [compress] false: nothing that is fed is compressed
 * @property {number} [handlers] so many handlers instead of these, of which one is `echo`
 * @property {boolean} [bound] whether a guard, a pipe and parameter decorators are bound to `echo`, where there is Nest
 */

/**
 * In the order of the report. `needs` is a package, or a file of ours.
 *
 * @typedef {object} Server
 * @property {string} name
 * @property {string} file
 * @property {string} needs
 * @property {string} root
 * @property {string} [program] of a server outside Node
 * @property {object} [moduleOptions] of ours in Nest
 * @property {string[]} [plays] names of the only scenarios that it plays
 * @property {string} [player] its name, where that of the server says with which setting it plays
 * @property {import('../scenarios/index.mjs').Setting} [setting]
 *
 * @param {string | null} before the folder of our package as it was before, built, which then competes as well
 * @returns {Server[]}
 */
export function listServers(before) {
  const others = [
    { name: 'socket.io', needs: 'socket.io' },
    { name: 'platform-socket.io', needs: '@nestjs/platform-socket.io' },
    { name: 'ws', needs: 'ws' },
    { name: 'floor', needs: 'node:http' },
    { name: 'floor-fastify', needs: '@nestjs/platform-fastify', plays: ['polling'] },
  ];
  const peers = PEERS.map(({ name, program: { href } }) => ({
    name,
    needs: href,
    program: href,
    plays: PLAYED_BY_PEERS,
  }));
  const direct = { ...ourServers(ROOT, '')[0], name: 'ours-nest-direct', moduleOptions: { fastify: 'direct' } };
  const ours = [
    ...ourServers(ROOT, ''),
    { ...direct, plays: ['polling', 'connect', 'default-connect'] },
    ...(before === null ? [] : ourServers(before, '-before')),
  ];
  return [
    ...ours,
    ...others.map((other) => ({ ...other, file: other.name, root: ROOT })),
    ...peers.map((peer) => ({ ...peer, file: 'peer', root: ROOT })),
  ];
}

function ourServers(root, suffix) {
  return [
    { name: `ours-nest${suffix}`, file: 'ours-nest', needs: entryOf(root, 'index.js'), root },
    { name: `ours${suffix}`, file: 'ours', needs: entryOf(root, 'server.js'), root },
  ];
}

/** @param {string} module */
export function isInstalled(module) {
  try {
    const url = import.meta.resolve(module);
    return !url.startsWith('file:') || existsSync(fileURLToPath(url));
  } catch {
    return false;
  }
}
