import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type ServerOptions } from '../../src/server.js';
import { cleanup } from '../support/cleanup.js';
import { openPolling } from '../support/engine-client.js';
import { connectClient } from '../support/official-client.js';
import { RawSocket, upgradeRequest } from '../support/raw-socket.js';
import { startServer } from '../support/server.js';
import { nextEvent, until, within } from '../support/until.js';

async function start(): Promise<{ io: Server; http: HttpServer; port: number }> {
  const http = createServer();
  const io = new Server(http);
  cleanup(() => void http.closeAllConnections());
  await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', resolve));
  return { io, http, port: (http.address() as AddressInfo).port };
}

describe('Server#close', () => {
  it.each([
    ['a handshake', 'GET /socket.io/?EIO=4&transport=polling', 503],
    ['a poll of a session that has ended', 'GET /socket.io/?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA', 400],
  ])('refuses %s on a connection that was open before, and then ends it', async (_what, line, status) => {
    const { io, http, port } = await start();
    const connected = nextEvent(http, 'connection');
    const raw = new RawSocket(port);
    await connected;

    const closed = io.close();
    raw.write(`${line} HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n`);
    await raw.ended;

    expect(raw.received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(raw.received).toMatch(/\r\nconnection: close\r\n/i);
    await closed;
  });

  it('leaves the HTTP server as it was, also one that does not listen', async () => {
    const { io, http } = await start();
    await io.close();
    expect(Object.hasOwn(http, 'emit')).toBe(false);

    const silent = createServer();
    await new Server(silent).close();
    expect(Object.hasOwn(silent, 'emit')).toBe(false);
    expect(silent.listenerCount('upgrade')).toBe(0);
  });
});

describe('Server#listen after close', () => {
  it('takes clients again, as often as it is called', async () => {
    const { io, http, port } = await start();
    io.on('connection', (socket) => {
      void socket.join('room');
      socket.on('e', (n) => io.to('room').emit('e', n));
    });
    const client = await connectClient(`http://127.0.0.1:${port}`, {
      reconnection: true,
      reconnectionDelay: 10,
    });
    let last: HttpServer = http;
    for (let n = 1; n <= 2; n++) {
      const back = nextEvent(client, 'disconnect').then(() => nextEvent(client, 'connect'));
      const failures: unknown[] = [];
      await io.close((error) => failures.push(error));
      expect(failures).toEqual([undefined]);
      expect(last.listening).toBe(false);

      io.listen(port);
      last = io.httpServer as HttpServer;
      cleanup(() => void last.closeAllConnections());
      await back;
      client.emit('e', n);
      expect(await nextEvent(client, 'e')).toEqual([n]);
      expect(io.engine.clientsCount).toBe(1);
    }
    client.close();
    await io.close();
    expect(last.listening).toBe(false);
  });
});

describe('Server#close while a request is on its way', () => {
  const POLLING = 'GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nOrigin: http://o\r\n\r\n';
  const UPGRADE = upgradeRequest('/socket.io/?EIO=4&transport=websocket');

  /** Each hook says that it was asked, and never answers. */
  const HOOKS: Record<string, (asked: () => void) => ServerOptions> = {
    allowRequest: (asked) => ({ allowRequest: asked }),
    generateId: (asked) => ({ generateId: () => new Promise<string>(() => asked()) }),
    'cors.origin': (asked) => ({ cors: { origin: asked } }),
  };

  it.each([
    ['allowRequest', POLLING],
    ['allowRequest', UPGRADE],
    ['generateId', POLLING],
    ['generateId', UPGRADE],
    ['cors.origin', POLLING],
  ])('answers 503 for %s, which has not decided, and waits no longer', async (hook, head) => {
    let asked = (): void => {};
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    const { io, port } = await startServer(HOOKS[hook](() => asked()));
    const raw = new RawSocket(port);
    raw.write(head);
    await within(isAsked, 'the hook');

    await within(io.close(), 'the server to close');

    await raw.ended;
    expect(raw.received).toMatch(/^HTTP\/1\.1 503 /);
  });

  it('answers 503 for a middleware that has not continued', async () => {
    const { io, port } = await startServer();
    const isAsked = new Promise<void>((resolve) => io.engine.use(() => resolve()));
    const raw = new RawSocket(port);
    raw.write(POLLING);
    await within(isAsked, 'the middleware');

    await within(io.close(), 'the server to close');

    await raw.ended;
    expect(raw.received).toMatch(/^HTTP\/1\.1 503 /);
  });

  it.each(['Content-Length: 50\r\n\r\n4', 'Transfer-Encoding: chunked\r\n\r\n5\r\n4'])(
    'refuses a POST whose body has not arrived, with the end of its session: %j',
    async (head) => {
      const { io, port, url } = await startServer();
      const { sid } = await openPolling(url);
      const session = io.engine.sessions.get(sid)!;
      const raw = new RawSocket(port);
      raw.write(`POST /socket.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: x\r\n${head}`);
      await until(() => session.transport.bytesReceived > 0);

      await within(io.close(), 'the server to close');

      await raw.ended;
      expect(raw.received).toMatch(/^HTTP\/1\.1 408 .*\r\nConnection: close\r\n/s);
    },
  );

  it('ends the connection of an answer that was being compressed', async () => {
    const { io, port, url } = await startServer({ httpCompression: { threshold: 1 } });
    const { sid } = await openPolling(url);
    const session = io.engine.sessions.get(sid)!;
    const raw = new RawSocket(port);
    session.send('x'.repeat(900_000));
    raw.write(
      `GET /socket.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n`,
    );
    // The poll has taken the queue; the answer is at zlib.
    await until(() => session.transport.bytesSent > 900_000);

    await within(io.close(), 'the server to close');

    await raw.ended;
    expect(raw.received).toContain('Content-Encoding: gzip');
  });
});
