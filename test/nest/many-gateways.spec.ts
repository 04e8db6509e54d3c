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
import { cleanup } from '../support/cleanup.js';
import { heapUsed } from '../support/garbage.js';
import { connectClient } from '../support/nest-app.js';
import { openRawWebSocket, textFrame, type RawSocket } from '../support/raw-socket.js';
import { until } from '../support/until.js';
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

  it('cause no warning about listeners', async () => {
    const warnings: string[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning.name);
    process.on('warning', onWarning);
    cleanup(() => void process.off('warning', onWarning));
    const { url } = await startWith({ platform, providers: gateways });
    await Promise.all(Array.from({ length: 20 }, () => connectClient(url)));
    // Warnings are told a tick later.
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
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

describe('pain 7: the memory of a connection', () => {
  it('is the same with one handler as with fifty gateways of eight', async () => {
    const gateways = Array.from({ length: 50 }, (_, i) => createGateway(i));
    const [one, many]: number[][] = [[], []];
    // In turns: what else the process takes or lets go of meanwhile meets both.
    for (let turn = 0; turn < 2; turn++) {
      one.push(...(await heapPerConnection(gateways.slice(0, 1))));
      many.push(...(await heapPerConnection(gateways)));
    }
    // Less than half of a pointer for each of the handlers that came with the others.
    const handlers = (gateways.length - 1) * HANDLERS;
    expect(median(many) - median(one)).toBeLessThan(handlers * 4);
  }, 180_000);
});

/** Of each gateway. */
const HANDLERS = 8;
/** A heap moves by some 250 KB of its own accord: less than 700 bytes of each connection. */
const CONNECTIONS = 400;

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** In bytes, clients included; measured twice. Most of the time goes into collections of garbage. */
async function heapPerConnection(providers: Type[]): Promise<number[]> {
  const { app, url, websocket } = await startWith({ providers });
  const port = Number(new URL(url).port);
  const rounds: number[] = [];
  // The first round makes what there is once: shapes, code, pools.
  for (let round = 0; round < 3; round++) {
    const before = await heapUsed();
    const peers = await Promise.all(Array.from({ length: CONNECTIONS }, () => join(port)));
    await until(() => websocket.of('/').sockets.size === CONNECTIONS, 'all have joined', 20_000);
    rounds.push(((await heapUsed()) - before) / CONNECTIONS);
    for (const peer of peers) peer.drop(true);
    await until(() => websocket.server.engine.clientsCount === 0, 'all are gone', 20_000);
  }
  await app.close();
  return rounds.slice(1);
}

async function join(port: number): Promise<RawSocket> {
  const peer = await openRawWebSocket(port, '/socket.io/');
  peer.write(textFrame('40'));
  await peer.arrival('40{');
  return peer;
}
