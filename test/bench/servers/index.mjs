import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Every server exports `start({ pingInterval })`, which resolves to its port, and answers the same events:
 *
 * - `echo` and `binary` are acknowledged with their argument
 * - `event` is counted for its socket; `count` is acknowledged with that count, which starts anew
 * - `broadcast` is sent to every socket as `news`
 *
 * In the order of the report. `needs` is a package, or a file of this one.
 */
export const servers = [
  { name: 'ours-nest', needs: '../../../dist/esm/index.js' },
  { name: 'ours', needs: '../../../dist/esm/server.js' },
  { name: 'socket.io', needs: 'socket.io' },
  { name: 'platform-socket.io', needs: '@nestjs/platform-socket.io' },
  { name: 'ws', needs: 'ws' },
  { name: 'floor', needs: 'node:http' },
];

/** @param {string} module */
export function isInstalled(module) {
  try {
    const url = import.meta.resolve(module);
    return !url.startsWith('file:') || existsSync(fileURLToPath(url));
  } catch {
    return false;
  }
}
