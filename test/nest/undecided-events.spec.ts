import { UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Ack, Gateway, MessageBody } from '../../src/index.js';
import { joinedPeer } from '../support/peer.js';
import { until } from '../support/until.js';
import { startWith } from './support/start-app.js';

/** Holds more than what may be decoded at once. */
const LARGE = 'x'.repeat(300_000);

it('events behind an asynchronous guard wait as they travelled while it decides about a large one', async () => {
  const seen: unknown[] = [];
  const decisions: ((allowed: boolean) => void)[] = [];
  const heard: unknown[] = [];
  const guard: CanActivate = {
    canActivate(context: ExecutionContext): Promise<boolean> {
      seen.push(context.switchToWs().getData<{ n: number }>().n);
      return new Promise((resolve) => decisions.push(resolve));
    },
  };

  @Gateway()
  class UploadGateway {
    @UseGuards(guard)
    @Ack('upload')
    upload(@MessageBody() { n }: { n: number }): number {
      heard.push(n);
      return n;
    }
  }

  const { url } = await startWith({ providers: [UploadGateway] });
  const peer = await joinedPeer('websocket', `${url}/socket.io/`);
  await peer.send(`421["upload",{"n":1,"bytes":"${LARGE}"}]`);
  for (const n of [2, 3]) await peer.send(`42${n}["upload",{"n":${n}}]`);
  await until(() => seen.length === 1);

  decisions.shift()!(true);
  expect(await peer.next()).toBe('431[1]');
  await until(() => seen.length === 3);
  expect(heard).toEqual([1]);

  decisions[0](false);
  decisions[1](true);
  expect(await peer.next()).toContain('432[{"status":"error"');
  expect(await peer.next()).toBe('433[3]');
  expect(heard).toEqual([1, 3]);
});

describe('a guard that never answers', () => {
  async function stuck(connectTimeout: number) {
    const heard: unknown[] = [];
    const guard: CanActivate = { canActivate: () => new Promise(() => {}) };

    @Gateway()
    class StuckGateway {
      @UseGuards(guard)
      @Ack('stuck')
      stuck(): void {}

      @Ack('free')
      free(@MessageBody() n: number): void {
        heard.push(n);
      }
    }

    const { url, websocket } = await startWith({
      providers: [StuckGateway],
      options: { connectTimeout, shutdownTimeout: 50 },
    });
    const { wheel } = websocket.server;
    const timers = wheel.size;
    const peer = await joinedPeer('websocket', `${url}/socket.io/`);
    await peer.send(`42["stuck","${LARGE}"]`, '42["free",1]');
    await until(() => websocket.stats().packets.in === 3, 'the events are there');
    return { heard, peer, websocket, wheel, timers };
  }

  it('holds up other events for no longer than a connect may take', async () => {
    const { heard } = await stuck(100);
    await until(() => heard.length === 1);
  });

  it('leaves no timer behind a client that has left', async () => {
    const { heard, peer, websocket, wheel, timers } = await stuck(60_000);
    await peer.leave();
    await until(() => websocket.stats().sockets.now === 0);
    await until(() => wheel.size === timers);
    expect(heard).toEqual([]);
  });
});
