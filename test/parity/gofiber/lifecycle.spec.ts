import {
  Ack,
  OnClose,
  OnConnect,
  OnDisconnect,
  OnError,
  OnEvent,
  OnHandshake,
  OnPing,
  OnPong,
} from '../../../src/index.js';
import type { DisconnectDetails, Socket } from '../../../src/server.js';
import { TRANSPORTS, joinedPeer, untilGone } from '../../support/peer.js';
import { until } from '../../support/until.js';
import { onlySocket, startWith } from '../../nest/support/start-app.js';

/** Hears of everything that the Go module has an event for, and of events by the same names. */
class Journal {
  readonly log: unknown[][] = [];

  @OnHandshake()
  handshake(socket: Socket): void {
    socket.data.seen = ['handshake'];
    this.log.push(['@OnHandshake', socket.connected]);
  }

  @OnConnect()
  connect(socket: Socket): void {
    socket.data.seen.push('connect');
    this.log.push(['@OnConnect', socket.connected]);
  }

  @OnEvent('message')
  message(_socket: Socket, ...args: unknown[]): void {
    this.log.push(['message', ...args]);
  }

  @OnEvent('ping')
  @OnEvent('pong')
  @OnEvent('close')
  @OnEvent('error')
  named(_socket: Socket, arg: unknown): void {
    this.log.push(['event', arg]);
  }

  @OnEvent('fails')
  fails(): void {
    throw new Error('of a handler');
  }

  @Ack('fence')
  fence({ data }: Socket): unknown {
    return data.seen;
  }

  @OnPing()
  ping(): void {
    this.log.push(['@OnPing']);
  }

  @OnPong()
  pong(): void {
    this.log.push(['@OnPong']);
  }

  @OnError()
  error(error: Error, socket: Socket | undefined): void {
    this.log.push(['@OnError', error.message, socket?.id]);
  }

  @OnClose()
  close(socket: Socket): void {
    this.log.push(['@OnClose', socket.connected]);
  }

  @OnDisconnect()
  disconnect(socket: Socket, reason: string, { code }: DisconnectDetails): void {
    this.log.push(['@OnDisconnect', socket.data.seen, reason, code]);
  }
}

async function start(transport: (typeof TRANSPORTS)[number], options = {}) {
  const { app, url, websocket } = await startWith({ providers: [Journal], options });
  const peer = await joinedPeer(transport, `${url}/socket.io/`);
  const socket = await onlySocket(websocket);
  return { peer, socket, websocket, log: app.get(Journal).log };
}

const CONNECTED = [
  ['@OnHandshake', false],
  ['@OnConnect', true],
];

describe.each(TRANSPORTS)('the events of the Go module as decorators, over %s', (transport) => {
  it('connect: once, after the handshake; what is in socket.data stays there to the end [H14, A6, U1] [event: connect]', async () => {
    const { peer, log } = await start(transport);

    await peer.send('420["fence"]');
    expect(await peer.next()).toBe('430[["handshake","connect"]]');
    expect(log).toEqual(CONNECTED);

    await peer.send('41');
    await until(() => log.length === 3);
    expect(log[2]).toEqual([
      '@OnDisconnect',
      ['handshake', 'connect'],
      'client namespace disconnect',
      'CLIENT_DISCONNECT',
    ]);
  });

  it('message: with all its arguments, and no other event [I7, I8] [event: message]', async () => {
    const { peer, log } = await start(transport);

    await peer.send('42["message",1,"two",[3]]', '42["message"]', '42["other",1]', '421["fence"]');
    await peer.next();

    expect(log.slice(2)).toEqual([['message', 1, 'two', [3]], ['message']]);
  });

  it('ping and pong: a heartbeat was sent, was answered, whatever stands behind the 3 [I1, B1] [event: ping] [event: pong]', async () => {
    const { peer, log } = await start(transport, { pingInterval: 400 });

    expect(await peer.next()).toBe('2');
    await peer.send('3');
    expect(await peer.next()).toBe('2');
    await peer.send('3 and more');
    await until(() => log.filter(([name]) => name === '@OnPong').length === 2);

    expect(log.slice(2, 6)).toEqual([['@OnPing'], ['@OnPong'], ['@OnPing'], ['@OnPong']]);
  });

  it('ping, pong, close and error of a client are its events, and none of these [I15]', async () => {
    const { peer, log } = await start(transport);

    await peer.send(...['ping', 'pong', 'close', 'error'].map((name) => `42["${name}","${name}"]`), '421["fence"]');
    await peer.next();

    expect(log.slice(2)).toEqual(['ping', 'pong', 'close', 'error'].map((name) => ['event', name]));
  });

  it('close, then disconnect: this side has closed the socket, also where it is asked to again [C3, C5] [event: close]', async () => {
    const { peer, socket, log } = await start(transport);

    socket.disconnect();
    socket.disconnect(true);
    expect(await peer.next()).toBe('41');
    await until(() => log.length === 4);

    expect(log.slice(2)).toEqual([
      ['@OnClose', false],
      ['@OnDisconnect', ['handshake', 'connect'], 'server namespace disconnect', 'SERVER_DISCONNECT'],
    ]);
  });

  it('disconnect alone: the client has broken the protocol [I10, C6] [event: disconnect]', async () => {
    const { peer, log } = await start(transport);

    await peer.send('42{"no":"array"}').catch(() => {});
    await untilGone(peer);

    expect(log.slice(2)).toEqual([['@OnDisconnect', ['handshake', 'connect'], 'parse error', 'INVALID_PACKET']]);
  });

  it('error: what a handler threw, with its socket, which lives on [F4] [event: error]', async () => {
    const { peer, socket, log } = await start(transport);

    await peer.send('42["fails"]', '421["fence"]');
    expect(await peer.next()).toMatch(/^42\["exception",\{"status":"error","message":"Internal server error"/);
    expect(await peer.next()).toMatch(/^431\[/);

    expect(log.slice(2)).toEqual([['@OnError', 'of a handler', socket.id]]);
  });
});
