/** Answers that a proxy or a server in front loses, after which it, or the browser, sends the request again by itself. */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { Socket as ClientSocket } from 'socket.io-client';
import type { Server } from '../../../src/socketio/index.js';
import { cleanup } from '../../support/cleanup.js';
import { connectClient } from '../../support/official-client.js';
import { listen, startServer } from '../../support/server.js';
import { until } from '../../support/until.js';

const COUNT = 40;

describe.each([
  ['of the server itself', false],
  ['that another server hands on', true],
])('lost answers %s', (_name, isHandedOn) => {
  it('to polls are made up for by recovery: each event arrives once, in order', async () => {
    const { io, client, lose, lost } = await behindLossyProxy(isHandedOn);
    const numbers: number[] = [];
    client.on('n', (n: number) => numbers.push(n));
    const recovered: boolean[] = [];
    client.on('connect', () => recovered.push(client.recovered));
    lose(({ method }, body, nth) => method === 'GET' && body.includes('42["n"') && nth % 5 === 0);

    for (let n = 1; n <= COUNT; n++) {
      io.emit('n', n);
      await until(() => numbers.at(-1)! >= n - 3, `number ${n - 3} or a later one`);
    }
    await until(() => numbers.at(-1) === COUNT, 'the last number');

    expect(numbers).toEqual(Array.from({ length: COUNT }, (_, i) => i + 1));
    expect(lost()).toBeGreaterThan(2);
    expect(recovered).toEqual(Array.from({ length: lost() }, () => true));
  });

  it('to POSTs lose nothing, and nothing is handled twice', async () => {
    const { io, client, lose, lost } = await behindLossyProxy(isHandedOn);
    const handled: number[] = [];
    for (const socket of io.sockets.sockets.values()) socket.on('n', (n: number) => handled.push(n));
    lose(({ method }, _body, nth) => method === 'POST' && nth % 2 === 0);

    for (let n = 1; n <= COUNT; n++) {
      client.emit('n', n);
      await until(() => handled.at(-1)! >= n, `number ${n}`);
    }

    expect(handled).toEqual(Array.from({ length: COUNT }, (_, i) => i + 1));
    expect(lost()).toBeGreaterThan(5);
    expect(client.connected).toBe(true);
  });
});

type Loses = (request: IncomingMessage, answer: string, nth: number) => boolean;

/** A client on long-polling, whose requests reach the server over a connection each. */
async function behindLossyProxy(isHandedOn: boolean) {
  const home = await startServer({ nodes: { self: 'home' }, connectionStateRecovery: {} });
  const other = await startServer({ nodes: { self: 'other', urlOf: () => home.origin } });
  let loses: Loses = () => false;
  let answers = 0;
  let lost = 0;

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    // The session is opened at home, and is asked for elsewhere.
    const target = isHandedOn && request.url!.includes('sid=') ? other : home;
    let answer = await ask(target.origin, request, body, response);
    if (loses(request, answer.text, ++answers)) {
      lost++;
      answer = await ask(target.origin, request, body, response);
    }
    response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.text);
  }

  const proxy = createServer((request, response) => void forward(request, response).catch(() => response.destroy()));
  const port = await listen(proxy);
  cleanup(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const client: ClientSocket = await connectClient(`http://127.0.0.1:${port}`, {
    transports: ['polling'],
    reconnection: true,
    reconnectionDelay: 5,
    reconnectionDelayMax: 10,
  });
  const io: Server = home.io;
  return { io, client, lose: (which: Loses) => void (loses = which), lost: () => lost };
}

/** One request of the client, whose end is that of the request as well. */
function ask(origin: string, { method, url }: IncomingMessage, body: Buffer, response: ServerResponse) {
  return new Promise<{ status: number; type: string; text: string }>((resolve, reject) => {
    const asked = httpRequest(origin + url!, { method: method!, agent: false }, (answer) => {
      buffer(answer).then((bytes) => {
        resolve({ status: answer.statusCode!, type: answer.headers['content-type'] ?? '', text: String(bytes) });
      }, reject);
    });
    response.once('close', () => asked.destroy());
    asked.once('error', reject);
    asked.end(body);
  });
}
