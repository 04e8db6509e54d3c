import { Ack, Gateway, OnEvent, OnHandshake, SocketIoException } from '../../src/index.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { nextEvent, until } from '../support/until.js';
import { startWith } from './support/start-app.js';

@Gateway('/shop')
class ShopGateway {
  @OnHandshake()
  enter(socket: { handshake: { auth: { banned?: boolean } } }): void {
    if (socket.handshake.auth.banned) throw new SocketIoException('banned');
  }

  @Ack('sum')
  sum(_socket: unknown, a: number, b: number): number {
    return a + b;
  }

  @Ack('meant')
  meant(): void {
    throw new SocketIoException('sold out');
  }

  @OnEvent('broken')
  broken(): void {
    throw new Error('broken');
  }

  @OnEvent('broken later')
  async brokenLater(): Promise<void> {
    throw new Error('broken');
  }
}

describe('Websocket#stats', () => {
  it('counts what happened, to the last one', async () => {
    const { url, websocket } = await startWith({ providers: [ShopGateway], options: { onError: () => {} } });
    const client = await connectClient(`${url}/shop`);
    const banned = createClient(`${url}/shop`, { auth: { banned: true } });
    const refused = nextEvent(banned, 'connect_error');
    banned.connect();
    await refused;
    expect(await client.emitWithAck('sum', 1, 2)).toBe(3);
    await client.emitWithAck('meant');
    await client.emitWithAck('broken');
    await client.emitWithAck('broken later');
    await client.emitWithAck('nobody');
    client.emit('nobody');
    await client.emitWithAck('sum', 1, 2);
    await fetch(`${url}/socket.io/?EIO=4&transport=pigeon`);
    banned.io.engine.close();
    await until(() => websocket.stats().sessions.now === 1);

    expect(websocket.stats()).toMatchObject({
      sessions: { now: 1, opened: 2, byTransport: { polling: 0, websocket: 1, webtransport: 0 } },
      sockets: { now: 1, opened: 1, byNamespace: { '/': 0, '/shop': 1 } },
      connectRefused: { REFUSED: 1 },
      // What a handler means for its client is no error of the server.
      errors: 2,
      unknownEvents: 2,
      rateLimited: 0,
      pendingAcks: 0,
      refused: { UNKNOWN_TRANSPORT: 1 },
    });
    expect(websocket.stats().bytes.in).toBeGreaterThan(0);
    expect(websocket.stats()).toEqual(websocket.server.stats());
  });

  it('is there before the application listens, and goes on after it has closed', async () => {
    const { app, url, websocket } = await startWith({ providers: [ShopGateway] });
    await connectClient(`${url}/shop`);
    await app.close();
    expect(websocket.stats()).toMatchObject({
      sessions: { now: 0, opened: 1 },
      sockets: { now: 0, opened: 1 },
      closed: { SERVER_SHUTDOWN: 1 },
      disconnected: { SERVER_SHUTDOWN: 1 },
    });
  });
});
