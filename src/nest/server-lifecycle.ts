import {
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { LAST_IN_FIRST_OUT, LAST_OUT, orderHooksOf } from './platform/nest-internals.js';
import { SocketIoRuntime } from './socket-io-runtime.js';

/** Lets clients in once everything else of the application has started, and out before anything of it ends. */
@Injectable()
export class ServerLifecycle implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    private readonly runtime: SocketIoRuntime,
    modules: ModulesContainer,
  ) {
    orderHooksOf(ServerLifecycle, modules, LAST_IN_FIRST_OUT);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.runtime.open();
  }

  async onModuleDestroy(): Promise<void> {
    if (this.runtime.serveUntil === 'onModuleDestroy') await this.runtime.end();
    else await this.runtime.drain();
  }
}

/** The end behind the hooks of all others: of the server if it is to serve until then, and of the ports of its own. */
@Injectable()
export class ServerEnd implements BeforeApplicationShutdown {
  constructor(
    private readonly runtime: SocketIoRuntime,
    modules: ModulesContainer,
  ) {
    orderHooksOf(ServerEnd, modules, LAST_OUT);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.runtime.end();
    await this.runtime.close();
  }
}
