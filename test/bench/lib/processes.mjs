import { fileURLToPath } from 'node:url';
import { pinTo } from './environment.mjs';
import { Child } from './rpc.mjs';

const SERVER_CORE = 0;
const GENERATOR_CORE = 1;
/** A ping interval that no sample lasts. */
const NEVER = 3_600_000;

/** A process that makes load. */
export function startGenerator() {
  return new Child(fileOf('generator.mjs'), [], pinTo(GENERATOR_CORE));
}

/**
 * A process of a server.
 *
 * @param {import('../servers/index.mjs').Server} server
 * @param {import('../scenarios/index.mjs').Variant} variant
 * @param {(process: Child) => Promise<void>} [prepare] called before anything of the server is loaded
 * @returns {Promise<{ process: Child, port: number }>}
 */
export async function startServer({ file, root, program, moduleOptions, setting }, variant, prepare) {
  const process = new Child(fileOf('server.mjs'), [file], pinTo(SERVER_CORE));
  try {
    await prepare?.(process);
    return {
      process,
      port: await process.call('start', {
        pingInterval: NEVER,
        ...variant.server,
        ...setting?.application,
        root,
        program,
        moduleOptions,
      }),
    };
  } catch (error) {
    await process.stop();
    throw new Error(`the server ${file} did not start: ${error.message}`, { cause: error });
  }
}

function fileOf(name) {
  return fileURLToPath(new URL(`../${name}`, import.meta.url));
}
