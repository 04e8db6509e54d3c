import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from '../../src/server.js';
import { cleanup } from '../support/cleanup.js';
import { RawSocket } from '../support/raw-socket.js';
import { nextEvent } from '../support/until.js';

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
