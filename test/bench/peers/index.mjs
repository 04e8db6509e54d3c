import { readFileSync } from 'node:fs';

/**
 * A server outside Node: a program that is told the ping interval, prints its port and ends with its standard input.
 *
 * @typedef {object} Peer
 * @property {string} name
 * @property {URL} folder of its source
 * @property {string} tool that builds it
 * @property {string[]} build arguments of the tool
 * @property {URL} program once it is built
 * @property {string} lock in its folder, which names the version that is built
 * @property {RegExp} version finds it there
 */

/** @type {Peer[]} */
export const PEERS = [
  peer('socketioxide', {
    tool: 'cargo',
    build: ['build', '--release', '--locked'],
    program: 'target/release/peer',
    lock: 'Cargo.lock',
    version: /name = "socketioxide"\nversion = "(.+)"/,
  }),
  peer('zishang520', {
    tool: 'go',
    build: ['build', '-o', 'target/peer', '.'],
    program: 'target/peer',
    lock: 'go.mod',
    version: /zishang520\/socket\.io\/servers\/socket\/v3 v(\S+)/,
  }),
];

function peer(name, { program, ...rest }) {
  const folder = new URL(`${name}/`, import.meta.url);
  return { name, folder, program: new URL(program, folder), ...rest };
}

/** @param {Peer} peer */
export function versionOf({ folder, lock, version }) {
  return version.exec(readFileSync(new URL(lock, folder), 'utf8'))?.[1] ?? 'unknown';
}
