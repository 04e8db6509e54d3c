import {
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { BindingError } from './errors/binding.error.js';
import { SocketIoHost } from './socket-io.host.js';

/** Lets clients in once everything else of the application has started, and out before anything of it ends. */
@Injectable()
export class Doorkeeper implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  /** @throws BindingError where the module is imported with different options, which would make two servers */
  constructor(
    private readonly host: SocketIoHost,
    modules: ModulesContainer,
  ) {
    if ([...modules.values()].filter((module) => module.providers.has(SocketIoHost)).length > 1) {
      throw new BindingError(
        'SocketIoModule is imported several times with different options. Import it once: it is global.',
      );
    }
    // Nest starts modules by falling distance from the root module, which has 0, and ends them the other way round.
    for (const module of modules.values()) if (module.providers.has(Doorkeeper)) module.distance = -1;
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
