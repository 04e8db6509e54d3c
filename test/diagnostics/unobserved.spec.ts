/** Without a subscriber nothing is made for one. */
import { channel, tracingChannel } from 'node:diagnostics_channel';
import { Injectable, Scope } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  ConnectOperation,
  EmitOperation,
  HandleOperation,
  OPERATIONS,
  Operation,
  POINTS,
  ShutdownOperation,
} from '../../src/common/channels.js';
import { OPERATION_NAMES, POINT_NAMES } from '../../src/diagnostics/index.js';
import { Ack, Gateway, OnEvent, RateLimit, Websocket } from '../../src/index.js';
import { startWith } from '../nest/support/start-app.js';
import { cleanup } from '../support/cleanup.js';
import { openPolling, push, request } from '../support/engine-client.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { nextEvent, until } from '../support/until.js';
import { record } from './support/recorder.js';

const CLASSES = [ConnectOperation, EmitOperation, HandleOperation, ShutdownOperation];

/** Counts the operations that are made, by class, and what is published, by channel. */
function countMade(): Record<string, number> {
  const made: Record<string, number> = {};
  const count = (name: string): void => void (made[name] = (made[name] ?? 0) + 1);
  // `super()` looks its class up when it is called.
  abstract class Counting extends Operation {
    constructor(channels: ConstructorParameters<typeof Operation>[0]) {
      super(channels);
      count(new.target.name);
    }
  }
  for (const each of CLASSES) {
    Object.setPrototypeOf(each, Counting);
    cleanup(() => Object.setPrototypeOf(each, Operation));
  }
  const channels = Object.values(OPERATION_NAMES).flatMap((name) => Object.values(tracingChannel(name)));
  for (const each of [...channels, ...Object.values(POINT_NAMES).map((name) => channel(name))]) {
    each.publish = (message: unknown): void => {
      count(String(each.name));
      // A channel changes its class with its first subscriber.
      (Object.getPrototypeOf(each) as typeof each).publish.call(each, message);
    };
    cleanup(() => Reflect.deleteProperty(each, 'publish'));
  }
  return made;
}

@Gateway('/own')
class OwnGateway {
  constructor(private readonly websocket: Websocket) {}

  @Ack('sync')
  sync(): number {
    return 1;
  }

  @Ack('later')
  async later(): Promise<unknown> {
    this.websocket.of('/own').emit('news', 1);
    return this.websocket.of('/own').timeout(5_000).emitWithAck('question');
  }

  @Ack('broken')
  broken(): void {
    throw new Error('broken');
  }

  @RateLimit({ limit: 1, interval: 3_600_000 })
  @Ack('limited')
  limited(): void {}

  @OnEvent('several')
  one(): void {}

  @OnEvent('several')
  async other(): Promise<void> {}
}

@Injectable({ scope: Scope.REQUEST })
@Gateway('/scoped')
class ScopedGateway {
  @Ack('sync')
  sync(): number {
    return 1;
  }
}

@WebSocketGateway({ namespace: '/old' })
class OldGateway {
  @SubscribeMessage('sync')
  sync(): number {
    return 1;
  }
}

/** Everything that channels tell of, once or more, but a comeback. */
async function playAll(): Promise<void> {
  const { app, url, websocket } = await startWith({
    providers: [OwnGateway, ScopedGateway, OldGateway],
    options: { onError: () => {}, warnUnknown: false, sendQueueBytes: 100, dropFramesOnOverflow: true },
  });
  websocket.server.on('connection', (socket) => {
    socket.on('heard', async (ack: () => void) => ack());
  });
  const own = await connectClient(`${url}/own`);
  own.on('question', (ack: (answer: number) => void) => ack(1));
  expect(await own.emitWithAck('later')).toEqual([1]);
  for (const event of ['sync', 'broken', 'limited', 'limited', 'several', 'unknown']) await own.emitWithAck(event);
  await (await connectClient(`${url}/scoped`)).emitWithAck('sync');
  (await connectClient(`${url}/old`)).emit('sync');
  const plain = await connectClient(url);
  await plain.emitWithAck('heard');
  const [socket] = websocket.server.sockets.sockets.values();
  socket.emit('news', 1);
  const refused = createClient(`${url}/nowhere`);
  refused.connect();
  await nextEvent(refused, 'connect_error');
  await request(`${url}/socket.io/?EIO=9&transport=polling`);
  await push(await openPolling(`${url}/socket.io/`), '40/own,');
  await until(() => websocket.of('/own').sockets.size === 2);
  websocket.of('/own').emit('news', 'x'.repeat(100));
  own.disconnect();
  await until(() => websocket.stats().disconnected.CLIENT_DISCONNECT === 1);
  await websocket.shutdown({ timeout: 100 });
  await app.close();
}

describe('a server that nothing observes', () => {
  it('makes no operation and publishes nothing, in all that channels tell of', async () => {
    const unobserved = countMade();
    await playAll();
    expect(unobserved).toEqual({});

    record();
    const observed = countMade();
    await playAll();
    const names = [...CLASSES.map(({ name }) => name), ...Object.values(POINT_NAMES)];
    expect(names.filter((name) => observed[name] === undefined)).toEqual([POINT_NAMES.recover]);
    expect(observed.HandleOperation).toBe(9);
  });

  it('allocates nothing when it asks whether something listens', () => {
    const channels = [...Object.values(OPERATIONS), ...Object.values(POINTS)];
    const allocated = Array.from({ length: 5 }, () => {
      const before = process.memoryUsage().heapUsed;
      let listening = 0;
      for (let i = 0; i < 100_000; i++) for (const each of channels) if (each.hasSubscribers) listening++;
      expect(listening).toBe(0);
      return process.memoryUsage().heapUsed - before;
    });
    // An object for each time would be 20 MB and more.
    expect(Math.min(...allocated.filter((bytes) => bytes >= 0))).toBeLessThan(1_000_000);
  });
});
