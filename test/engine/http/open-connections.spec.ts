import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { RawSocket } from '../../support/raw-socket.js';
import { startServer } from '../../support/server.js';
import { elapse, until, within } from '../../support/until.js';

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
