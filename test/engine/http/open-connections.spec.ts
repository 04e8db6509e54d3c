import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { Server } from '../../../src/server.js';
import { cleanup } from '../../support/cleanup.js';
import { RawSocket } from '../../support/raw-socket.js';
import { startServer } from '../../support/server.js';
import { TEST_TLS } from '../../support/tls.js';
import { elapse, nextEvent, until, within } from '../../support/until.js';

const HEAD = 'GET /socket.io/?EIO=4&transport=none HTTP/1.1\r\nHost: x\r\n\r\n';

describe('a connection without a request', () => {
  it.each([
    ['has never sent anything', ''],
    ['stands still within its first line', 'GET /socket.io/?EIO=4&tr'],
    ['stands still within its headers', 'GET /elsewhere HTTP/1.1\r\nHost: x\r\nX-A: '],
    ['stands still in front of its second request', `${HEAD}GET /`],
    [
      'stands still within a body that was refused',
      'POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n4',
    ],
  ])('does not hold up the end of the server, if it %s', async (_what, sent) => {
    const { io, http, port } = await startServer({ closeTimeout: 100 });
    const socket = new RawSocket(port);
    const arrived = connectionOf(http);
    socket.write(sent);
    await arrived;
    if (/none|POST/.test(sent)) await socket.arrival('}');

    await within(io.close(), 'the server to close', 3_000);

    await socket.ended;
  });

  it.each([
    ['http/1.1', () => createHttpsServer(TEST_TLS)],
    ['h2', () => createSecureServer(TEST_TLS)],
  ])('does not hold up the end of a server of %s, if it never begins its TLS handshake', async (protocol, create) => {
    const http = create() as HttpServer;
    const io = new Server(http, { closeTimeout: 100 });
    await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', resolve));
    const { port } = http.address() as AddressInfo;
    // Of HTTP/2, its session begins only once the server has the end of the handshake, and may have ended.
    const secured = connectTls({ port, ca: TEST_TLS.cert, servername: 'localhost', ALPNProtocols: [protocol] });
    secured.on('error', () => {}).resume();
    cleanup(() => secured.destroy());
    await nextEvent(secured, 'secureConnect');
    const arrived = connectionOf(http);
    const [silent, half] = [new RawSocket(port), new RawSocket(port)];
    half.write(Buffer.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01));
    await arrived;

    await within(io.close(), 'the server to close', 3_000);

    await Promise.all([silent.ended, half.ended]);
  });

  it('within its TLS handshake is cut by a server that closes alone', async () => {
    const http = createHttpsServer(TEST_TLS, (_request, response) => response.end('here'));
    const io = new Server(http, { closeTimeout: 50 });
    await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', resolve));
    const { port } = http.address() as AddressInfo;
    const silent = new RawSocket(port);
    await connectionOf(http);
    io.engine.cutIdleAfter(50);
    await elapse(1_200);
    expect(silent.socket.destroyed).toBe(false);

    await within(io.close(), 'the server to close', 3_000);
    await silent.ended;
  });

  it('is not one on which the application owes an answer, or that another protocol has', async () => {
    const { io, http, port } = await startServer({ closeTimeout: 50 });
    let answer: ServerResponse | undefined;
    let foreign: Duplex | undefined;
    http.removeAllListeners('request');
    http.on('request', (_request: IncomingMessage, response: ServerResponse) => (answer = response));
    http.on('upgrade', (_request: IncomingMessage, socket: Duplex) => void (foreign = socket).write('taken'));
    const [waiting, upgraded] = [new RawSocket(port), new RawSocket(port)];
    waiting.write('POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n4');
    upgraded.write('GET /other HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n');
    await upgraded.arrival('taken');
    await until(() => answer !== undefined, 'the request is there');

    const closed = io.close();
    await elapse(1_100);
    answer!.end('late');
    foreign!.write('still there');

    await waiting.arrival('late');
    await upgraded.arrival('still there');
    foreign!.destroy();
    waiting.drop(false);
    await within(closed, 'the server to close', 3_000);
  });
});

function connectionOf(http: HttpServer): Promise<unknown> {
  return within(new Promise((resolve) => http.once('connection', resolve)), 'the connection');
}
