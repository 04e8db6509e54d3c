import { Controller, Inject, Injectable, Scope, UseGuards, type CanActivate } from '@nestjs/common';
import {
  ContextIdFactory,
  REQUEST,
  createContextId,
  type ContextId,
  type ContextIdStrategy,
  type HostComponentInfo,
} from '@nestjs/core';
import { Ack, MessageBody, OnConnect, OnDisconnect, OnError, OnEvent, OnHandshake } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { cleanup } from '../support/cleanup.js';
import { connectClient } from '../support/nest-app.js';
import { until } from '../support/until.js';
import { PLATFORMS, startWith } from './support/start-app.js';

let instances = 0;
beforeEach(() => (instances = 0));

@Injectable({ scope: Scope.REQUEST })
class RequestLog {
  readonly id = ++instances;

  constructor(@Inject(REQUEST) readonly socket: Socket) {}
}

@Injectable({ scope: Scope.REQUEST })
class ScopedGateway {
  constructor(
    @Inject(REQUEST) protected readonly socket: Socket,
    protected readonly log: RequestLog,
  ) {}

  @Ack('whoami')
  whoami(socket: Socket, body: unknown): unknown {
    return [this.socket === socket, this.log.socket === socket, this.log.id, body];
  }

  @OnEvent('fails')
  fails(): void {
    throw new Error(`failed in ${this.log.id}`);
  }
}

@Controller({ path: 'scoped', scope: Scope.REQUEST })
class ScopedController extends ScopedGateway {}

@Injectable()
class DependentGateway {
  constructor(private readonly log: RequestLog) {}

  @Ack('whoami')
  whoami(socket: Socket, body: unknown): unknown {
    return [true, this.log.socket === socket, this.log.id, body];
  }
}

describe.each(PLATFORMS)('pain 36: on %s a provider with the scope of a request', (platform) => {
  it.each([
    ['of its own', { providers: [ScopedGateway, RequestLog] }],
    ['of a dependency', { providers: [DependentGateway, RequestLog] }],
    ['under another token', { providers: [{ provide: 'gateway', useClass: ScopedGateway }, RequestLog] }],
    ['that is a controller', { providers: [RequestLog], controllers: [ScopedController] }],
  ])('%s is made for each event, and REQUEST is the socket', async (_name, setup) => {
    const { url } = await startWith({ platform, ...setup });
    const client = await connectClient(url);
    expect(await client.emitWithAck('whoami', 'x')).toEqual([true, true, 1, 'x']);
    expect(await client.emitWithAck('whoami')).toEqual([true, true, 2, null]);
  });
});

describe('a provider with the scope of a request', () => {
  it('reports what a handler throws as any other', async () => {
    const errors: unknown[] = [];
    const onError = (error: unknown): void => void errors.push((error as Error).message);
    const { url } = await startWith({ providers: [ScopedGateway, RequestLog], options: { onError } });
    const client = await connectClient(url);
    expect(await client.emitWithAck('fails')).toMatchObject({ code: 'INTERNAL_ERROR' });
    expect(errors).toEqual(['failed in 1']);
  });

  it('that cannot be made gives the error ack', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Unmakeable {
      constructor() {
        throw new Error('no database');
      }

      @Ack('event')
      event(): void {}
    }
    const errors: unknown[] = [];
    const onError = (error: unknown): void => void errors.push((error as Error).message);
    const { url } = await startWith({ providers: [Unmakeable], options: { onError } });
    const client = await connectClient(url);
    expect(await client.emitWithAck('event')).toMatchObject({ code: 'INTERNAL_ERROR' });
    expect(errors).toEqual(['no database']);
  });

  it('has lifecycle handlers, each with an instance of its own', async () => {
    const log: unknown[] = [];
    @Injectable({ scope: Scope.REQUEST })
    class Lifecycle {
      readonly id = ++instances;

      constructor(@Inject(REQUEST) private readonly socket: Socket | undefined) {}

      @OnHandshake()
      handshake(): void {
        log.push(['handshake', this.id, this.socket?.connected]);
      }

      @OnConnect()
      connected(): void {
        log.push(['connect', this.id, this.socket?.connected]);
      }

      @OnDisconnect()
      left(): void {
        log.push(['disconnect', this.id, this.socket?.connected]);
        throw new Error('reported');
      }

      @OnError()
      error(error: Error): void {
        log.push([error.message, this.id, this.socket?.connected]);
      }
    }
    const { url } = await startWith({ providers: [Lifecycle] });
    (await connectClient(url)).disconnect();
    await until(() => log.length === 4);
    expect(log).toEqual([
      ['handshake', 1, false],
      // One was made for the guards before the reply, one for the handler itself.
      ['connect', 3, true],
      ['disconnect', 4, false],
      ['reported', 5, false],
    ]);
  });

  it('shares its instance with the guards of its class', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class ScopedGuard implements CanActivate {
      constructor(private readonly log: RequestLog) {}

      canActivate(): boolean {
        this.log.socket.data.guard = this.log.id;
        return true;
      }
    }
    @UseGuards(ScopedGuard)
    @Injectable()
    class Guarded {
      constructor(private readonly log: RequestLog) {}

      @Ack('same')
      same(socket: Socket): boolean {
        return socket.data.guard === this.log.id;
      }
    }
    const { url } = await startWith({ providers: [Guarded, RequestLog] });
    expect(await (await connectClient(url)).emitWithAck('same')).toBe(true);
  });

  it('keeps events of one socket in order as far as they begin', async () => {
    const { url } = await startWith({ providers: [ScopedGateway, RequestLog] });
    const client = await connectClient(url);
    const answers = await Promise.all([1, 2, 3, 4].map((n) => client.emitWithAck('whoami', n)));
    expect(answers.map(([, , , body]) => body)).toEqual([1, 2, 3, 4]);
  });
});

describe('a transient provider', () => {
  @Injectable({ scope: Scope.TRANSIENT })
  class Transient {
    readonly id = ++instances;
  }

  it('as a gateway is constructed, with its dependencies', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class TransientGateway {
      constructor(private readonly transient: Transient) {}

      @Ack('id')
      id(@MessageBody() body: unknown): unknown {
        return [typeof this.transient.id, body];
      }
    }
    const { url } = await startWith({ providers: [TransientGateway, Transient] });
    expect(await (await connectClient(url)).emitWithAck('id', 'x')).toEqual(['number', 'x']);
  });

  it('as a dependency does not give its gateway a scope', async () => {
    @Injectable()
    class Depends {
      constructor(private readonly transient: Transient) {}

      @Ack('id')
      id(): number {
        return this.transient.id;
      }
    }
    const { url } = await startWith({ providers: [Depends, Transient] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('id')).toBe(await client.emitWithAck('id'));
  });
});

describe('a durable provider', () => {
  const tenants = new Map<string, ContextId>();

  const byTenant: ContextIdStrategy = {
    attach(contextId: ContextId, socket: Socket) {
      const { tenant } = socket.handshake.auth as { tenant: string };
      if (!tenants.has(tenant)) tenants.set(tenant, createContextId());
      return {
        resolve: (info: HostComponentInfo) => (info.isTreeDurable ? tenants.get(tenant)! : contextId),
        payload: { tenant },
      };
    },
  };

  @Injectable({ scope: Scope.REQUEST, durable: true })
  class TenantStore {
    readonly id = ++instances;

    constructor(@Inject(REQUEST) readonly request: { tenant: string }) {}
  }

  @Injectable({ scope: Scope.REQUEST, durable: true })
  class TenantGateway {
    constructor(private readonly store: TenantStore) {}

    @Ack('tenant')
    tenant(): unknown {
      return [this.store.request.tenant, this.store.id];
    }
  }

  it('is made once for each tenant of the strategy', async () => {
    ContextIdFactory.apply(byTenant);
    cleanup(() => ContextIdFactory.apply(undefined as never));
    const { url } = await startWith({ providers: [TenantGateway, TenantStore] });
    const [a, b, another] = await Promise.all(
      ['a', 'b', 'a'].map((tenant) => connectClient(url, { auth: { tenant } })),
    );
    expect(await a.emitWithAck('tenant')).toEqual(['a', 1]);
    expect(await b.emitWithAck('tenant')).toEqual(['b', 2]);
    expect(await a.emitWithAck('tenant')).toEqual(['a', 1]);
    expect(await another.emitWithAck('tenant')).toEqual(['a', 1]);
  });
});
