import { Injectable, Scope, UseGuards, type CanActivate } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Ack } from '../../src/index.js';
import { connectClient } from '../support/nest-app.js';
import { failureOf, startWith } from './support/start-app.js';

describe('an enhancer that Nest would leave out', () => {
  @Injectable()
  class NeedsInjection implements CanActivate {
    constructor(readonly moduleRef: ModuleRef) {}

    canActivate(): boolean {
      return this.moduleRef === undefined;
    }
  }

  @UseGuards(NeedsInjection)
  class Guarded {
    @Ack('open')
    open(): string {
      return 'reached';
    }
  }

  class GuardedMethod {
    @UseGuards(NeedsInjection)
    @Ack('open')
    open(): string {
      return 'reached';
    }
  }

  it.each([
    ['useFactory', { provide: 'gateway', useFactory: () => new Guarded() }, 'Guarded'],
    ['useValue', { provide: 'gateway', useValue: new Guarded() }, 'Guarded'],
    ['useFactory, on a method', { provide: 'gateway', useFactory: () => new GuardedMethod() }, 'GuardedMethod'],
  ])('stops the bootstrap: %s', async (_name, provider, name) => {
    const { message } = await failureOf({ providers: [provider] });
    expect(message).toContain(`A guard bound to ${name}.open() would not run`);
  });

  it('runs where an instance is bound, or the class is provided', async () => {
    const guarded = { provide: 'gateway', useClass: Guarded, scope: Scope.DEFAULT };
    const { url } = await startWith({ providers: [guarded] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('open')).toMatchObject({ statusCode: 403 });
  });
});
