import type { Socket } from '../../src/socketio/index.js';
import { cleanup } from '../support/cleanup.js';
import { openClient } from '../support/official-client.js';
import { startServer, type RunningServer } from '../support/server.js';
import { nextEvent, until } from '../support/until.js';
import { WebTransportPair } from '../support/webtransport.js';

/** Gives the client a WebTransport, as browsers have it, whose other end is the server's. */
function offerWebTransport(server: RunningServer): void {
  const scope = globalThis as { WebTransport?: unknown };
  scope.WebTransport = class {
    readonly ready = Promise.resolve();
    readonly #pair = new WebTransportPair();
    readonly closed = this.#pair.closed;

    constructor() {
      server.io.engine.onWebTransportSession(this.#pair.session);
    }

    createBidirectionalStream() {
      const { readable, writable } = this.#pair.openRawStream();
      const writer = writable.getWriter();
      // The client leaves a rejection unhandled where its stream breaks, which browsers let pass.
      const write = (chunk: Uint8Array): Promise<void> => writer.write(chunk).catch(() => {});
      return Promise.resolve({ readable, writable: new WritableStream({ write }) });
    }

    close() {
      this.#pair.close();
    }
  };
  cleanup(() => delete scope.WebTransport);
}

describe.each([
  { transports: ['webtransport'], name: 'WebTransport' },
  { transports: ['polling', 'webtransport'], name: 'an upgrade to it' },
])('socket.io-client 4.8 over $name', ({ transports }) => {
  it('connects, exchanges events, acks and bytes, and leaves nothing behind', async () => {
    const server = await startServer({ transports: ['polling', 'webtransport'] });
    offerWebTransport(server);
    const joined = nextEvent(server.io, 'connection');
    const client = openClient(server.origin, { transports });
    await nextEvent(client, 'connect');
    const [socket] = (await joined) as [Socket];
    await until(
      () => socket.conn.transport.name === 'webtransport' && client.io.engine.transport.name === 'webtransport',
    );

    for (const args of [['é€😀', 1], [Buffer.of(1, 2), { deep: Buffer.alloc(200_000, 3) }], ['x'.repeat(70_000)]]) {
      const back = nextEvent(client, 'echo');
      client.emit('echo', ...args);
      expect(await back).toEqual(args);
      expect(await client.emitWithAck('echo', args[0])).toEqual(args[0]);
    }
    const told = nextEvent(client, 'news');
    server.io.emit('news', Buffer.of(9));
    expect(await told).toEqual([Buffer.of(9)]);
    expect(socket.handshake.address).toBe(transports.length === 1 ? '' : '127.0.0.1');

    const gone = nextEvent(socket, 'disconnect');
    client.disconnect();
    expect((await gone)[0]).toBe('client namespace disconnect');
    await until(() => server.io.engine.clientsCount === 0 && server.io.wheel.size === 0);
  });

  it('is disconnected, and told so', async () => {
    const server = await startServer({ transports: ['polling', 'webtransport'] });
    offerWebTransport(server);
    const joined = nextEvent(server.io, 'connection');
    const client = openClient(server.origin, { transports });
    await nextEvent(client, 'connect');
    const [socket] = (await joined) as [Socket];
    await until(() => socket.conn.transport.name === 'webtransport');
    const gone = nextEvent(client, 'disconnect');

    socket.disconnect(true);

    expect((await gone)[0]).toBe('io server disconnect');
  });
});
