import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { parseEngineRequest } from '../../../../src/engine/http/engine-request.js';
import { V4 } from '../../../../src/engine/codec/dialect.js';
import { ENGINE_DEFAULTS, resolveEngineOptions } from '../../../../src/engine/engine-options.js';
import { FlushQueue } from '../../../../src/engine/transport/flush-queue.js';
import { WebsocketAcceptor } from '../../../../src/engine/transport/websocket/websocket-acceptor.js';
import { areWsInternalsKnown, tryInternals } from '../../../../src/engine/transport/websocket/ws-internals.js';
import { OptionReader } from '../../../../src/common/option-reader.js';
import { cleanup } from '../../../support/cleanup.js';
import { listen } from '../../../support/server.js';
import { nextEvent } from '../../../support/until.js';

describe('tryInternals', () => {
  it('knows the ws that is installed', () => {
    expect(areWsInternalsKnown()).toBe(true);
    expect(tryInternals(WebSocketServer)).toBe(true);
  });

  it.each<[string, (socket: Duplex) => void]>([
    ['reads by another event', (socket) => void socket.removeAllListeners('data')],
    ['adds a second listener', (socket) => void socket.on('data', () => {})],
    [
      'puts its listener in front',
      (socket) => void socket.prependListener('data', socket.listeners('data').at(-1) as never),
    ],
    ['throws', () => raise()],
  ])('refuses a ws that %s', (_word, change) => {
    class OtherServer extends WebSocketServer {
      override handleUpgrade(...[request, socket, head, done]: Parameters<WebSocketServer['handleUpgrade']>): void {
        super.handleUpgrade(request, socket, head, done);
        change(socket);
      }
    }
    expect(tryInternals(OtherServer)).toBe(false);
  });
});

describe('a server whose ws is unknown', () => {
  it('leaves all frames to ws, and says so once', async () => {
    const warnings: string[] = [];
    const { url } = await startWith(warnings);
    // Tried out for the first WebSocket, so that a start does not wait for it.
    expect(warnings).toEqual([]);

    const client = new WebSocket(url);
    cleanup(() => client.terminate());
    const received: unknown[] = [];
    client.on('message', (data, isBinary) => received.push(isBinary ? data : String(data)));
    await nextEvent(client, 'open');
    expect(warnings).toEqual([expect.stringContaining('Install ws 8.23')]);
    client.send('4text');
    client.send(Buffer.from('binary'));
    client.send('4fragments', { fin: false });
    client.send(' and more');
    client.ping();
    await nextEvent(client, 'pong');
    client.send('4last');
    while (received.at(-1) !== '4last') await nextEvent(client, 'message');
    expect(received).toEqual(['4text', Buffer.from('binary'), '4fragments and more', '4last']);
    client.close();
    await nextEvent(client, 'close');
    expect(warnings).toHaveLength(1);
  });
});

/** An acceptor by itself, whose transports send every message back. */
async function startWith(warnings: string[]): Promise<{ url: string }> {
  const options = resolveEngineOptions(new OptionReader({}), ENGINE_DEFAULTS);
  const setup = { ...options, splitsJoinedFrames: true, warn: (message: string) => void warnings.push(message) };
  const acceptor = new WebsocketAcceptor(setup, new FlushQueue(false), () => false);
  const http = createServer();
  http.on('upgrade', (request, socket, head) => {
    const handshake = { request: parseEngineRequest(request), socket, head, headers: {}, dialect: V4 };
    acceptor.accept(
      handshake,
      (transport) => {
        transport.handler = {
          onMessage: (data) => transport.send(typeof data === 'string' ? `4${data}` : data, true),
          onControl() {},
          onFlush() {},
          onProgress() {},
          onTransportClose() {},
        };
      },
      raise,
    );
  });
  cleanup(() => new Promise((resolve) => http.close(resolve)));
  return { url: `ws://127.0.0.1:${await listen(http)}/` };
}

function raise(): never {
  throw new Error('not as expected');
}
