import {
  connect,
  type ClientHttp2Session,
  type Http2ServerRequest,
  type Http2Stream,
  type IncomingHttpHeaders,
} from 'node:http2';
import { buffer } from 'node:stream/consumers';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Ack, ConnectedSocket, MessageBody, OnDisconnect, Websocket, type Socket } from '../../src/index.js';
import { cleanup } from '../support/cleanup.js';
import { connectClient } from '../support/nest-app.js';
import { TEST_TLS } from '../support/tls.js';
import { nextEvent, until, within } from '../support/until.js';
import { startSecureApp } from './support/start-secure-app.js';

const HANDSHAKE = '/socket.io/?EIO=4&transport=polling';

class EchoGateway {
  readonly left: string[] = [];

  @Ack('echo')
  echo(@MessageBody() body: unknown): unknown {
    return body;
  }

  @Ack('handshake')
  handshake(@ConnectedSocket() { handshake }: Socket): unknown {
    return { secure: handshake.secure, address: handshake.address, agent: handshake.headers['user-agent'] };
  }

  @OnDisconnect()
  leave(_socket: Socket, reason: string, { code }: { code: string }): void {
    this.left.push(`${reason} ${code}`);
  }
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A connection of HTTP/2, closed after the test. */
function openHttp2(url: string): ClientHttp2Session {
  const session = connect(url, { ca: TEST_TLS.cert });
  session.on('error', () => {});
  cleanup(() => session.destroy());
  return session;
}

/** One request over it, answered in full. */
async function request(
  session: ClientHttp2Session,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const method = body === undefined ? 'GET' : 'POST';
  const stream = session.request({ ':path': path, ':method': method, ...headers });
  stream.end(body);
  const [answer] = (await nextEvent(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }];
  return { status: answer[':status'], headers: answer, body: String(await buffer(stream)) };
}

async function start(options: Parameters<typeof startSecureApp>[1]['options'] = {}) {
  const { app, url } = await startSecureApp('fastify with HTTP/2', { providers: [EchoGateway], options });
  return { app: app as NestFastifyApplication, url, gateway: app.get(EchoGateway) };
}

/** Opens a polling session and joins `/`; resolves to its path. */
async function join(http2: ClientHttp2Session): Promise<string> {
  const opened = await request(http2, HANDSHAKE);
  const { sid } = JSON.parse(opened.body.slice(1)) as { sid: string };
  const path = `${HANDSHAKE}&sid=${sid}`;
  expect(await request(http2, path, '40')).toMatchObject({ status: 200, body: 'ok' });
  expect((await request(http2, path)).body).toMatch(/^40\{"sid":"/);
  return path;
}

describe('HTTP/2 on Fastify', () => {
  it('carries a polling session, its polls and POSTs on one connection', async () => {
    const { url } = await start();
    const http2 = openHttp2(url);
    const opened = await request(http2, HANDSHAKE);
    expect(opened.status).toBe(200);
    expect(opened.headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'text/plain; charset=UTF-8' });
    expect(opened.headers).not.toHaveProperty('connection');
    const path = await join(http2);
    const polling = request(http2, path);
    expect((await request(http2, path, '421["echo","hi"]')).body).toBe('ok');
    expect((await polling).body).toBe('431["hi"]');
    await request(http2, path, '422["handshake"]', { 'user-agent': 'h2' });
    expect((await request(http2, path)).body).toBe('432[{"secure":true,"address":"127.0.0.1"}]');
  });

  it('compresses, and answers CORS, as over HTTP/1.1', async () => {
    const { url } = await start({ cors: { origin: 'https://app.example' }, httpCompression: { threshold: 1 } });
    const http2 = openHttp2(url);
    const opened = await request(http2, HANDSHAKE, undefined, { origin: 'https://app.example' });
    expect(opened.headers).toMatchObject({ 'access-control-allow-origin': 'https://app.example' });
    expect((await request(http2, HANDSHAKE, undefined, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await request(http2, HANDSHAKE, undefined, { origin: url })).status).toBe(200);
  });

  it('refuses a body that is too large, without the header that HTTP/2 forbids', async () => {
    let headers: unknown;
    const { app, url } = await startSecureApp('fastify with HTTP/2', {
      providers: [EchoGateway],
      options: { maxHttpBufferSize: 100 },
      configure: (given) => {
        const fastify = (given as NestFastifyApplication).getHttpAdapter().getInstance();
        fastify.addHook('onSend', async (_request, reply) => void (headers = reply.getHeaders()));
      },
    });
    const http2 = openHttp2(url);
    const path = await join(http2);
    const answer = await request(http2, path, `4${'x'.repeat(200)}`);
    expect([answer.status, JSON.parse(answer.body)]).toEqual([413, { code: 3, message: 'Bad request' }]);
    expect(headers).not.toHaveProperty('connection');
    const { left } = app.get(EchoGateway);
    await until(() => left.length === 1);
    expect(left).toEqual(['transport error PAYLOAD_TOO_LARGE']);
    // Others of this connection go on.
    await join(http2);
  });

  it.each(['resets a waiting poll', 'drops its connection'])('ends a session whose peer %s', async (way) => {
    const { app, url, gateway } = await start();
    const http2 = openHttp2(url);
    const path = await join(http2);
    const waiting = http2.request({ ':path': path });
    waiting.on('error', () => {}).end();
    // Requests of one connection begin in order.
    await request(http2, '/elsewhere');
    if (way === 'resets a waiting poll') waiting.close(8);
    else http2.destroy();
    await until(() => gateway.left.length === 1);
    expect(gateway.left).toEqual(['transport error POLL_ABORTED']);
    expect(app.get(Websocket).server.engine.clientsCount).toBe(0);
  });

  it('ends a session whose peer resets a poll while a middleware decides about it', async () => {
    const { app, url, gateway } = await start();
    let held: { stream: Http2Stream; next: () => void } | null = null;
    let holds = false;
    app.get(Websocket).server.engine.use((incoming, _response, next) => {
      if (holds) held = { stream: (incoming as unknown as Http2ServerRequest).stream, next };
      else next();
    });
    const http2 = openHttp2(url);
    const path = await join(http2);
    holds = true;
    const poll = http2.request({ ':path': path });
    poll.on('error', () => {}).end();
    await until(() => held !== null);
    poll.close(8);
    await until(() => held!.stream.closed && held!.stream.destroyed);
    held!.next();
    await until(() => gateway.left.length === 1);
    expect(gateway.left).toEqual(['transport error POLL_ABORTED']);
  });

  it('leaves an answered poll alone when its stream closes', async () => {
    const { url, gateway } = await start();
    const http2 = openHttp2(url);
    const path = await join(http2);
    for (let i = 0; i < 5; i++) {
      await request(http2, path, `42${i}["echo",${i}]`);
      expect((await request(http2, path)).body).toBe(`43${i}[${i}]`);
    }
    const large = 'x'.repeat(500_000);
    await request(http2, path, `429["echo","${large}"]`);
    expect((await request(http2, path)).body).toBe(`439["${large}"]`);
    await request(http2, path, '428["echo",1]');
    expect((await request(http2, path)).body).toBe('438[1]');
    expect(gateway.left).toEqual([]);
  });

  it('runs hooks and routes beside', async () => {
    const seen: string[] = [];
    const { url } = await startSecureApp('fastify with HTTP/2', {
      providers: [EchoGateway],
      configure: (app) => {
        const fastify = (app as NestFastifyApplication).getHttpAdapter().getInstance();
        fastify.addHook(
          'onRequest',
          async (incoming) => void seen.push(`${incoming.method} ${incoming.url.split('?')[0]}`),
        );
      },
    });
    await join(openHttp2(url));
    expect(seen).toEqual(['GET /socket.io/', 'POST /socket.io/', 'GET /socket.io/']);
  });

  it('falls back to HTTP/1.1 for WebSocket, on the same port and beside HTTP/2', async () => {
    const { url } = await start();
    const path = await join(openHttp2(url));
    expect(path).toContain('sid=');
    for (const transport of ['polling', 'websocket']) {
      const client = await connectClient(url, { transports: [transport], ca: TEST_TLS.cert });
      expect(await client.emitWithAck('echo', transport)).toBe(transport);
    }
  });

  it('app.close() answers a waiting poll with the end of its session', async () => {
    const { app, url } = await start();
    const http2 = openHttp2(url);
    const path = await join(http2);
    const polling = request(http2, path);
    await request(http2, '/elsewhere');
    const closing = app.close();
    // Without a close packet, after which some clients would not come back.
    expect((await polling).body).toBe('6');
    // Who ends connections that nobody uses differs between versions of Node and Fastify.
    http2.close();
    await within(closing, 'app.close()');
  });
});
