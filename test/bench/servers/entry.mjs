import { pathToFileURL } from 'node:url';

/**
 * In a file of its own: a start counts what its server loads.
 *
 * @param {string} root of our package
 * @param {'index.js' | 'server.js'} entry
 * @returns {string} URL
 */
export function entryOf(root, entry) {
  return new URL(`dist/esm/${entry}`, pathToFileURL(`${root}/`)).href;
}
