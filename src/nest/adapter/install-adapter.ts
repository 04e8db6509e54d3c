import type { ApplicationConfig } from '@nestjs/core';
import { beforeSetIoAdapter } from '../platform/nest-internals.js';
import type { GatewayRunner } from './gateway-runner.js';
import { adapterTooLate, SocketIoAdapter } from './socket-io.adapter.js';

/**
 * Makes gateways run on the module's server without a word in `main.ts`: before Nest looks for `IoAdapter`, which need
 * not be installed. An adapter that the application sets itself wins, and is told of the module where it is one of ours.
 */
export function installAdapter(config: ApplicationConfig, host: GatewayRunner): void {
  beforeSetIoAdapter(config, (adapter) => {
    if (host.isSettled) throw adapterTooLate('useWebSocketAdapter()');
    adopt(adapter, host);
  });
  const present: unknown = config.getIoAdapter();
  if (present) adopt(present, host);
  else config.setIoAdapter(new SocketIoAdapter());
}

function adopt(adapter: unknown, host: GatewayRunner): void {
  const isOurs = adapter instanceof SocketIoAdapter;
  if (isOurs) adapter.join(host);
  host.giveWayTo(isOurs ? null : (adapter as object));
}

/**
 * An overridden `createIOServer()` sets up the module's server also if no gateway of `@nestjs/websockets` asks for it: the
 * cluster adapter or the middlewares that it adds must not depend on that.
 */
export function setUpModuleServer(config: ApplicationConfig, port: number | null, path: string | undefined): void {
  const adapter: unknown = config.getIoAdapter();
  if (!(adapter instanceof SocketIoAdapter) || !adapter.setsUpServers) return;
  adapter.create(port ?? 0, path === undefined ? {} : { path });
}
