import { renameSync, rmSync } from 'node:fs';

/**
 * Puts a folder in the place of another one, which may be missing. Two renames, since a folder cannot be renamed to one that
 * has files; another process may do the same at the same time, and the last one stays.
 *
 * @param {string} folder what is replaced
 * @param {string} whole what takes its place, on the same file system
 * @param {string} before a name on the same file system that is free
 */
export function replaceFolder(folder, whole, before) {
  for (;;) {
    renameIfPresent(folder, before);
    try {
      renameSync(whole, folder);
      return;
    } catch (error) {
      // Another process was faster.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    } finally {
      rmSync(before, { recursive: true, force: true });
    }
  }
}

function renameIfPresent(folder, name) {
  try {
    renameSync(folder, name);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}
