import { Ack, MessageBody, OnEvent, SocketIoException } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { connectClient } from '../support/nest-app.js';
import { nextEvent, until, within } from '../support/until.js';
import { FenceGateway, outcomeWithAck } from './support/outcome.js';
import { onlySocket, startWith } from './support/start-app.js';

type Answer = (...values: unknown[]) => void;

const NOT_CALLED = { status: 'error', message: 'The server did not answer', code: 'ACK_NOT_CALLED' };

class Manual {
  readonly kept: Answer[] = [];

  @OnEvent('forgets')
  forgets(@Ack() ack: Answer): void {
    this.kept.push(ack);
  }

  @OnEvent('forgets later')
  async forgetsLater(@Ack() ack: Answer): Promise<void> {
    await Promise.resolve();
    this.kept.push(ack);
  }

  @OnEvent('at once')
  atOnce(@MessageBody() body: unknown, @Ack() ack: Answer): void {
    ack(body);
  }

  @OnEvent('afterwards')
  afterwards(@MessageBody() body: unknown, @Ack() ack: Answer): void {
    setImmediate(() => ack(body));
  }

  @OnEvent('awaits')
  async awaits(@Ack() ack: Answer): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 60));
    ack('after all');
  }

  @OnEvent('fails')
  fails(@Ack() _ack: Answer): void {
    throw new SocketIoException('failed');
  }

  @Ack('both')
  async both(@Ack() ack: Answer): Promise<string> {
    ack('by itself');
    return 'returned';
  }
}

class Listening {
  @OnEvent('forgets')
  listens(socket: Socket): void {
    socket.emit('heard');
  }
}

interface Started extends Awaited<ReturnType<typeof startWith>> {
  readonly warnings: string[];
}

async function start(ackTimeout: number, ...more: (new () => object)[]): Promise<Started> {
  const warnings: string[] = [];
  const onWarning = (message: string): void => void warnings.push(message);
  const started = await startWith({ providers: [Manual, FenceGateway, ...more], options: { ackTimeout, onWarning } });
  return { ...started, warnings };
}

describe('a handler with the @Ack() parameter', () => {
  it.each(['forgets', 'forgets later'])(
    'that returns without calling it gives an error ack after ackTimeout, and is reported once: %s',
    async (event) => {
      const { app, url, websocket, warnings } = await start(30);
      const client = await connectClient(url);
      expect(await outcomeWithAck(client, event)).toEqual({ acks: [[NOT_CALLED]], exceptions: [] });
      expect(await outcomeWithAck(client, event)).toEqual({ acks: [[NOT_CALLED]], exceptions: [] });
      const method = event === 'forgets' ? 'forgets' : 'forgetsLater';
      expect(warnings).toEqual([expect.stringContaining(`Manual.${method}() took the @Ack() of the event "${event}"`)]);
      expect(warnings[0]).toContain('30 ms');
      expect(websocket.stats().unansweredAcks).toBe(2);
      // An answer that comes after all is not heard.
      for (const ack of app.get(Manual).kept) ack('too late');
      expect(await client.emitWithAck('fence')).toBeUndefined();
    },
  );

  it('has until ackTimeout from its return, however long it takes itself', async () => {
    const { url, warnings } = await start(30);
    const client = await connectClient(url);
    expect(await client.emitWithAck('awaits')).toBe('after all');
    expect(warnings).toEqual([]);
  });

  it('that answers costs no timer, or one until it does', async () => {
    const { app, url, websocket } = await start(30_000);
    const client = await connectClient(url);
    const { wheel } = websocket.server;
    const before = wheel.size;
    const unanswered = within(client.emitWithAck('forgets'), 'the ack');
    await until(() => wheel.size === before + 1);
    expect(await client.emitWithAck('at once', 1)).toBe(1);
    expect(await client.emitWithAck('afterwards', 2)).toBe(2);
    expect(wheel.size).toBe(before + 1);
    app.get(Manual).kept[0]('kept');
    expect(await unanswered).toBe('kept');
    expect(wheel.size).toBe(before);
  });

  it('keeps nothing for a socket that is gone', async () => {
    const { app, url, websocket, warnings } = await start(30_000);
    const client = await connectClient(url);
    const { wheel } = websocket.server;
    for (let i = 0; i < 10; i++) client.emit('forgets', () => undefined);
    await until(() => app.get(Manual).kept.length === 10);
    (await onlySocket(websocket)).disconnect(true);
    await until(() => wheel.size === 0, 'no timer is left');
    for (const ack of app.get(Manual).kept) ack('too late');
    expect(warnings).toEqual([]);
  });

  it('waits as long as it takes where ackTimeout is 0', async () => {
    const { app, url, websocket } = await start(0);
    const client = await connectClient(url);
    const { wheel } = websocket.server;
    const before = wheel.size;
    const answer = within(client.emitWithAck('forgets'), 'the ack');
    await until(() => app.get(Manual).kept.length === 1);
    expect(wheel.size).toBe(before);
    app.get(Manual).kept[0]('in the end');
    expect(await answer).toBe('in the end');
  });

  it('is not reported where no ack was asked for', async () => {
    const { url, websocket, warnings } = await start(30);
    const client = await connectClient(url);
    const before = websocket.server.wheel.size;
    client.emit('forgets');
    await client.emitWithAck('fence');
    expect(websocket.server.wheel.size).toBe(before);
    expect(warnings).toEqual([]);
  });

  it('that fails is answered with its error', async () => {
    const { url, warnings } = await start(30);
    const client = await connectClient(url);
    expect(await client.emitWithAck('fails')).toEqual({ status: 'error', message: 'failed' });
    expect(warnings).toEqual([]);
  });

  it('is watched as well where others listen to the event', async () => {
    const { url, warnings } = await start(30, Listening);
    const client = await connectClient(url);
    const heard = nextEvent(client, 'heard');
    expect(await outcomeWithAck(client, 'forgets')).toEqual({ acks: [[NOT_CALLED]], exceptions: [] });
    await heard;
    expect(warnings).toHaveLength(1);
  });

  it('answers by itself also where it has the decorator of one that returns the ack', async () => {
    const { url } = await start(30_000);
    const client = await connectClient(url);
    expect(await outcomeWithAck(client, 'both')).toEqual({ acks: [['by itself']], exceptions: [] });
  });
});
