import { Injectable } from '@nestjs/common';
import {
  Ack,
  Gateway,
  OnClose,
  OnDisconnect,
  OnError,
  OverflowError,
  type Socket,
  type SocketIoModuleOptions,
} from '../../src/index.js';
import { openPolling, poll, push } from '../support/engine-client.js';
import { onlySocket, startWith } from './support/start-app.js';
import { until } from '../support/until.js';

@Injectable()
class Journal {
  readonly entries: unknown[][] = [];
}

@Gateway()
class WatchingGateway {
  constructor(private readonly journal: Journal) {}

  @Ack('ping')
  ping(): string {
    return 'pong';
  }

  @OnDisconnect()
  left(socket: Socket, reason: string, details: { code: string }): void {
    this.journal.entries.push(['disconnect', socket.id, reason, details.code]);
  }

  @OnClose()
  closed(socket: Socket): void {
    this.journal.entries.push(['close', socket.id]);
  }

  @OnError()
  failed(error: unknown, socket: Socket | undefined): void {
    this.journal.entries.push(['error', error, socket?.id]);
  }
}

/** A client on polling that has read everything so far, and this side's socket of it. */
async function start(options: SocketIoModuleOptions) {
  const app = await startWith({ options, providers: [WatchingGateway, Journal] });
  const opened = await openPolling(`${app.url}/socket.io/`);
  await push(opened, '40');
  const socket = await onlySocket(app.websocket);
  await poll(opened);
  return { ...app, opened, socket, entries: app.app.get(Journal).entries };
}

describe('a client of a gateway that does not keep up', () => {
  it('is disconnected with a reason that reaches @OnDisconnect and @OnClose, and stats', async () => {
    const { socket, entries, websocket } = await start({ sendQueueBytes: 1000, sendTimeout: 20 });

    socket.emit('large', 'x'.repeat(2000));

    await until(() => entries.length === 2);
    expect(entries).toEqual([
      ['close', socket.id],
      ['disconnect', socket.id, 'send queue overflow', 'SEND_QUEUE_OVERFLOW'],
    ]);
    expect(websocket.stats().disconnected).toEqual({ SEND_QUEUE_OVERFLOW: 1 });
  });

  it('stays with dropFramesOnOverflow: @OnError hears of it, with the socket, twice for any number', async () => {
    const { socket, entries, opened, websocket } = await start({ sendQueueBytes: 100, dropFramesOnOverflow: true });
    socket.emit('kept', 'x'.repeat(80));

    const results = Array.from({ length: 50 }, () => socket.emit('dropped', 'x'.repeat(80)));
    await poll(opened);

    expect(new Set(results)).toEqual(new Set([false]));
    expect(entries).toEqual([
      ['error', expect.objectContaining({ code: 'SEND_QUEUE_OVERFLOW', dropped: 1 }), socket.id],
      ['error', expect.objectContaining({ code: 'SEND_QUEUE_OVERFLOW', dropped: 50 }), socket.id],
    ]);
    expect(entries[0][1]).toBeInstanceOf(OverflowError);
    expect([socket.connected, websocket.stats().dropped]).toEqual([true, 50]);
  });

  it('has the same bounds by the names of the Go module [V5]', async () => {
    const { socket, entries } = await start({ pollQueueMaxFrames: 2, retrySendTimeout: 5, maxSendRetry: 4 });
    for (let i = 0; i < 3; i++) socket.emit('e');
    await until(() => entries.length === 2);
    expect(entries[1]).toEqual(['disconnect', socket.id, 'send queue overflow', 'SEND_QUEUE_OVERFLOW']);
  });
});
