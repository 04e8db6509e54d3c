import { UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Ack, Gateway, MessageBody } from '../../src/index.js';
import { joinedPeer } from '../support/peer.js';
import { until } from '../support/until.js';
import { startWith } from './support/start-app.js';

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
