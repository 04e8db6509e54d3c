import type { INestApplicationContext } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { SocketIoRuntime } from './socket-io-runtime.js';

/**
 * The host of an application, or null if it does not import the module. Reads the container, because `app.get` of
 * something unknown ends the process.
 */
export function findRuntime(app: INestApplicationContext): SocketIoRuntime | null {
  for (const { providers } of app.get(ModulesContainer).values()) {
    const host = providers.get(SocketIoRuntime)?.instance as SocketIoRuntime | undefined;
    if (host !== undefined) return host;
  }
  return null;
}
