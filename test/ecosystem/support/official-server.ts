import path from 'node:path';
import { cleanup } from '../../support/cleanup.js';
import { Daemon } from './daemon.js';
import type { RedisServer } from './redis.js';

/** The official server in a process of its own, in one cluster with those whose Redis adapter has the same key. */
export async function startOfficialServer(
  redis: RedisServer,
  key: string,
): Promise<{ origin: string; daemon: Daemon }> {
  const daemon = await Daemon.start({
    program: process.execPath,
    args: [path.join(import.meta.dirname, '../fixtures/official-server.mjs'), redis.url, key],
    ready: /http:\/\/\S+(?= )/,
  });
  cleanup(() => daemon.stop('SIGKILL'));
  return { origin: daemon.greeting[0], daemon };
}
