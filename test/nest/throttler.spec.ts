import { Injectable, UseGuards, type ExecutionContext } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type * as Throttler from '@nestjs/throttler';
import { Ack, OnEvent } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { loadCommonJs } from '../support/load-commonjs.js';
import { connectClient } from '../support/nest-app.js';
import { nextEvent } from '../support/until.js';
import { FenceGateway, outcomeWithAck, outcomeWithoutAck } from './support/outcome.js';
import { startWith } from './support/start-app.js';

const { SkipThrottle, Throttle, ThrottlerGuard, ThrottlerModule } =
  await loadCommonJs<typeof Throttler>('@nestjs/throttler');

const TOO_MANY = { status: 'error', message: 'ThrottlerException: Too Many Requests', statusCode: 429 };

/** As in docs/limits.md. */
@Injectable()
class SocketThrottlerGuard extends ThrottlerGuard {
  protected override getRequestResponse(context: ExecutionContext): { req: object; res: object } {
    const { conn, handshake } = context.switchToWs().getClient<Socket>();
    return { req: { ip: conn.remoteAddress, headers: handshake.headers }, res: {} };
  }
}

/** As in the documentation of @nestjs/throttler for WebSockets, with the address where a Socket.IO socket has it. */
@Injectable()
class DocumentedGuard extends ThrottlerGuard {
  override async handleRequest(request: Throttler.ThrottlerRequest): Promise<boolean> {
    const { context, limit, ttl, throttler, blockDuration, generateKey } = request;
    const tracker = context.switchToWs().getClient<Socket>().conn.remoteAddress;
    const name = throttler.name!;
    const key = generateKey(context, tracker, name);
    const { totalHits, timeToExpire, isBlocked, timeToBlockExpire } = await this.storageService.increment(
      key,
      ttl,
      limit,
      blockDuration,
      name,
    );
    if (isBlocked) {
      const detail = { limit, ttl, key, tracker, totalHits, timeToExpire, isBlocked, timeToBlockExpire };
      await this.throwThrottlingException(context, detail);
    }
    return true;
  }
}

const imports = [ThrottlerModule.forRoot([{ ttl: 60_000, limit: 2 }])];

describe.each([[SocketThrottlerGuard], [DocumentedGuard]])('@nestjs/throttler with %p', (Guard) => {
  it('refuses by an error ack with status 429, and by an exception without an ack', async () => {
    let calls = 0;
    @UseGuards(Guard)
    class Throttled {
      @Ack('asked')
      asked(): string {
        return 'done';
      }

      @OnEvent('told')
      told(): void {
        calls++;
      }

      @Throttle({ default: { limit: 1, ttl: 60_000 } })
      @Ack('rare')
      rare(): string {
        return 'rare';
      }

      @SkipThrottle()
      @Ack('free')
      free(): string {
        return 'free';
      }
    }
    const { url } = await startWith({ providers: [Throttled, FenceGateway], imports });
    const client = await connectClient(url);
    const answers: unknown[] = [];
    for (const event of ['asked', 'asked', 'rare', 'free', 'free', 'free'])
      answers.push(await client.emitWithAck(event));
    expect(answers).toEqual(['done', 'done', 'rare', 'free', 'free', 'free']);

    expect(await outcomeWithAck(client, 'asked')).toEqual({ acks: [[TOO_MANY]], exceptions: [] });
    expect(await outcomeWithAck(client, 'rare')).toEqual({ acks: [[TOO_MANY]], exceptions: [] });
    client.emit('told');
    client.emit('told');
    expect(await outcomeWithoutAck(client, () => nextEvent(client, 'exception'), 'told')).toEqual({
      acks: [],
      exceptions: [[TOO_MANY]],
    });
    expect(calls).toBe(2);
  });

  it('works as a global guard', async () => {
    class Plain {
      @Ack('asked')
      asked(): string {
        return 'done';
      }
    }
    const { url } = await startWith({ providers: [Plain, { provide: APP_GUARD, useClass: Guard }], imports });
    const client = await connectClient(url);
    expect([await client.emitWithAck('asked'), await client.emitWithAck('asked')]).toEqual(['done', 'done']);
    expect(await client.emitWithAck('asked')).toEqual(TOO_MANY);
  });
});
