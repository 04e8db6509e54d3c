import { createServer } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { Server } from '../../src/socketio/index.js';
import { openPolling, openWebSocket } from '../support/engine-client.js';
import { cleanup } from '../support/cleanup.js';
import { listen } from '../support/server.js';
import { nextEvent, within } from '../support/until.js';

describe('a server that is attached to two HTTP servers', () => {
  it.each([
    ['with the same options', {}],
    ['with options of its own', { pingInterval: 10_000 }],
  ])('closes both, and their clients, %s', async (_what, options) => {
    const [first, second] = [createServer(), createServer()];
    const io = new Server(first);
    io.attach(second, options);
    const urls = [await listen(first), await listen(second)].map((port) => `http://127.0.0.1:${port}/socket.io/`);
    const wires = await Promise.all(urls.map((url) => openWebSocket(url)));

    await io.close();

    await Promise.all(wires.map(({ closed }) => closed));
    expect([first.listening, second.listening]).toEqual([false, false]);
  });

  it('counts the clients of both', async () => {
    const [first, second] = [createServer(), createServer()];
    const io = new Server(first);
    io.attach(second);
    cleanup(() => io.close());
    for (const server of [first, second]) await openPolling(`http://127.0.0.1:${await listen(server)}/socket.io/`);

    expect(io.engine.clientsCount).toBe(2);
    expect(io.stats().sessions.now).toBe(2);
  });

  it('ends idle sessions of HTTP/2, which would keep the HTTP server open', async () => {
    const http = createHttp2Server();
    const io = new Server(http as never);
    const port = await listen(http as never);
    const client = connectHttp2(`http://127.0.0.1:${port}`);
    cleanup(() => client.destroy());
    const request = client.request({ ':path': '/socket.io/?EIO=4&transport=polling' });
    request.resume();
    await nextEvent(request, 'close');

    await io.close();

    expect(http.listening).toBe(false);
  });

  it('waits no longer than closeTimeout for a client of HTTP/2 that does not read its answer', async () => {
    const http = createHttp2Server();
    const io = new Server(http as never, { closeTimeout: 50 });
    const port = await listen(http as never);
    const client = connectHttp2(`http://127.0.0.1:${port}`);
    cleanup(() => client.destroy());
    client.on('error', () => {});
    const answer = client.request({ ':path': '/socket.io/?EIO=4&transport=polling' });
    await nextEvent(answer, 'response');

    // The answer has come, and is never read.
    await within(io.close(), 'the server to close');

    expect(http.listening).toBe(false);
  });
});
