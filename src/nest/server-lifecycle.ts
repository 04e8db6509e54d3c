import {
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { SocketIoRuntime } from './socket-io-runtime.js';

/** Lets clients in once everything else of the application has started, and out before anything of it ends. */
@Injectable()
export class ServerLifecycle implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  constructor(
    private readonly host: SocketIoRuntime,
    modules: ModulesContainer,
  ) {
    // Nest starts modules by falling distance from the root module, which has 0, and ends them the other way round.
    for (const module of modules.values()) if (module.providers.has(ServerLifecycle)) module.distance = -1;
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.host.open();
  }

  async onModuleDestroy(): Promise<void> {
    await this.host.shutdown({});
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.host.close();
  }
}
