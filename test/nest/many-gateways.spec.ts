import type { EventEmitter } from 'node:events';
import { UseGuards, type Type } from '@nestjs/common';
import {
  Ack,
  OnClose,
  OnConnect,
  OnDisconnect,
  OnError,
  OnEvent,
  OnHandshake,
  type Websocket,
} from '../../src/index.js';
import { connectClient } from '../support/nest-app.js';
import { PLATFORMS, onlySocket, startWith } from './support/start-app.js';

function createGateway(index: number): Type {
  class ManyGateway {
    @OnHandshake()
    handshake(): void {}

    @UseGuards({ canActivate: () => true })
    @OnConnect()
    async connected(): Promise<void> {}

    @Ack(`ask ${index}`)
    ask(): number {
      return index;
    }

    @OnEvent('all')
    all(): void {}

    @OnEvent('*')
    any(): void {}

    @OnClose()
    closed(): void {}

    @OnDisconnect()
    left(): void {}

    @OnError()
    error(): void {}
  }
  return ManyGateway;
}

/** Listeners of each event that has some. */
function listenersOf(emitter: EventEmitter): Record<string, number> {
  return Object.fromEntries(emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]));
}

describe.each(PLATFORMS)('pain 7: 50 gateways on %s', (platform) => {
  const gateways = Array.from({ length: 50 }, (_, i) => createGateway(i));
  const emittersOf = async (websocket: Websocket): Promise<EventEmitter[]> => {
    const socket = await onlySocket(websocket);
    return [socket, socket.conn, socket.nsp, websocket.server.engine, websocket.server.httpServer] as EventEmitter[];
  };

  it('register nothing on a socket, its connection or its namespace', async () => {
    const { url, websocket } = await startWith({ platform, providers: gateways });
    const client = await connectClient(url);
    expect(await client.emitWithAck('ask 49')).toBe(49);
    expect(await client.emitWithAck('all')).toBeUndefined();
    const [socket, conn, namespace] = await emittersOf(websocket);
    expect([listenersOf(socket), listenersOf(conn), listenersOf(namespace)]).toEqual([{}, {}, {}]);
  });

  it('have no more listeners than one gateway has', async () => {
    const counts: unknown[] = [];
    for (const providers of [gateways.slice(0, 1), gateways]) {
      const { app, url, websocket } = await startWith({ platform, providers });
      await connectClient(url);
      const emitters = [...(await emittersOf(websocket)), process];
      counts.push(emitters.map(listenersOf));
      await app.close();
    }
    expect(counts[1]).toEqual(counts[0]);
  });
});
