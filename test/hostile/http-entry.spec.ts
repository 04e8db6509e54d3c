import type { AddressInfo } from 'node:net';
import { Module, type MiddlewareConsumer, type NestMiddleware } from '@nestjs/common';
import { Ack, Arg, Websocket } from '../../src/index.js';
import { PLATFORMS, startWith } from '../nest/support/start-app.js';
import type { RunningServer } from '../support/server.js';
import { rawRequest, rawUpgrade, refusal, refusalOf } from './support/requests.js';
import { attackOn, withBystander } from './support/with-bystander.js';

const PATH = '/socket.io/';
const PROTOTYPE_NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];

/** A query, and the code of Engine.IO that it is refused with, whatever way it comes. */
const QUERIES: [string, string, number][] = [
  ...PROTOTYPE_NAMES.flatMap((name): [string, string, number][] => [
    [`CVE-2023-31125: the transport ${name}`, `?EIO=4&transport=${name}`, 0],
    [`the version ${name}`, `?EIO=${name}&transport=TRANSPORT`, 5],
    [`the session ${name}`, `?EIO=4&transport=TRANSPORT&sid=${name}`, 1],
  ]),
  ['no transport', '?EIO=4', 0],
  ['an empty transport', '?EIO=4&transport=', 0],
  ['two transports, the last of no name', '?EIO=4&transport=TRANSPORT&transport=__proto__', 0],
  ['a transport in capitals', '?EIO=4&transport=POLLING', 0],
  ['a transport with a zero byte', '?EIO=4&transport=TRANSPORT%00', 0],
  ['a transport in brackets', '?EIO=4&transport[]=TRANSPORT', 0],
  ['webtransport over HTTP', '?EIO=4&transport=webtransport', 0],
  ['no query', '', 5],
  ['a query of separators', '?&&=&=&', 5],
  ['no version', '?transport=TRANSPORT', 5],
  ['the version 4.0', '?EIO=4.0&transport=TRANSPORT', 5],
  ['the version 04', '?EIO=04&transport=TRANSPORT', 5],
  ['the version 4 with a space', '?EIO=4%20&transport=TRANSPORT', 5],
  ['the version 3', '?EIO=3&transport=TRANSPORT', 5],
  ['the version 99999999999999999999', '?EIO=99999999999999999999&transport=TRANSPORT', 5],
  ['two versions', '?EIO=4&EIO=5&transport=TRANSPORT', 5],
  ['JSONP', '?EIO=4&transport=TRANSPORT&j=0', 3],
  ['a session of 5,000 characters', `?EIO=4&transport=TRANSPORT&sid=${'a'.repeat(5_000)}`, 1],
  ['a session with a path', '?EIO=4&transport=TRANSPORT&sid=..%2f..%2fetc', 1],
];

/** Paths that lead to the server's once somebody has decoded or straightened them. */
const PATHS = [
  '/%73ocket.io/',
  '//socket.io/',
  '/SOCKET.IO/',
  '/./socket.io/',
  '/x/../socket.io/',
  '/socket.io%2f',
].concat(['/socket%2eio/', '/socket.io;/', '/socket.io\\', '/socket.io%00/', '/%2573ocket.io/', 'http://x/socket.io/']);

describe('hostile requests', () => {
  it.each(QUERIES)('%s is refused, as a request', (_what, query, code) =>
    withBystander(async (scene) => {
      const target = PATH + query.replaceAll('TRANSPORT', 'polling');

      expect(await refusalOf(scene.raw(), rawRequest('GET', target))).toEqual(refusal(400, code));
    }),
  );

  it.each(QUERIES)('%s is refused, as an upgrade', (_what, query, code) =>
    withBystander(async (scene) => {
      const target = PATH + query.replaceAll('TRANSPORT', 'websocket');

      expect(await refusalOf(scene.raw(), rawUpgrade(target))).toEqual(refusal(400, code));
    }),
  );

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND'])('a handshake by %s is refused', (method) =>
    withBystander(async (scene) => {
      const request = rawRequest(method, `${PATH}?EIO=4&transport=polling`, ['Content-Length: 0']);

      expect(await refusalOf(scene.raw(), request)).toEqual(refusal(400, 2));
    }),
  );

  it.each(['PUT', 'DELETE', 'PATCH', 'TRACE'])('%s to a session is refused, which lives on', (method) =>
    withBystander(async (scene) => {
      const peer = await scene.joined('polling');
      const sid = [...scene.server.io.engine.sessions.keys()].at(-1)!;
      const request = rawRequest(method, `${PATH}?EIO=4&transport=polling&sid=${sid}`, ['Content-Length: 0']);

      expect(await refusalOf(scene.raw(), request)).toEqual(refusal(400, 2));

      await peer.send('42["echo",1]');
      expect(await peer.next()).toBe('42["echo",1]');
    }),
  );

  it.each(['GET', 'POST'])('%s for a session over WebSocket is refused, which lives on', (method) =>
    withBystander(async (scene) => {
      const peer = await scene.joined('websocket');
      const sid = [...scene.server.io.engine.sessions.keys()].at(-1)!;
      const query = `?EIO=4&transport=websocket&sid=${sid}`;

      expect(await refusalOf(scene.raw(), rawRequest(method, PATH + query, ['Content-Length: 0']))).toEqual(
        refusal(400, 3),
      );

      await peer.send('42["echo",1]');
      expect(await peer.next()).toBe('42["echo",1]');
    }),
  );

  it.each(PATHS)('the path %s is not the server’s', (path) =>
    withBystander(async (scene) => {
      const query = '?EIO=4&transport=';

      expect(await refusalOf(scene.raw(), rawRequest('GET', `${path}${query}polling`))).toEqual(refusal(404));
      expect(await refusalOf(scene.raw(), rawUpgrade(`${path}${query}websocket`))).toEqual(refusal(404));
    }),
  );

  it('a WebSocket handshake by POST, or of another protocol, is refused', () =>
    withBystander(async (scene) => {
      const upgrade = rawUpgrade(`${PATH}?EIO=4&transport=websocket`);

      expect(await refusalOf(scene.raw(), upgrade.replace('GET', 'POST'))).toEqual(refusal(400, 2));
      expect(await refusalOf(scene.raw(), upgrade.replace('Upgrade: websocket', 'Upgrade: h2c'))).toEqual(
        refusal(400, 3),
      );
    }));

  it.each([
    ['a method that does not exist', 'HACK / HTTP/1.1\r\n\r\n'],
    ['no HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['a header without a name', `GET ${PATH} HTTP/1.1\r\nHost: x\r\n: x\r\n\r\n`],
    ['two lengths', `POST ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n`],
    ['headers of 100 KB', `GET ${PATH} HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(100_000)}\r\n\r\n`],
  ])('%s concerns the HTTP server alone', (_what, bytes) =>
    withBystander(async (scene) => {
      const raw = scene.raw();

      raw.write(bytes);

      await raw.ended;
      expect(raw.received).toMatch(/^HTTP\/1.1 4\d\d /);
    }),
  );
});

describe.each(PLATFORMS)('CVE-2025-69211: a middleware of Nest on %s that refuses the path', (platform) => {
  // On Express the server's own requests never reach Nest, as with Socket.IO.
  it.each(platform === 'fastify' ? ['/socket.io/', ...PATHS] : PATHS)('is not passed by %s', async (path) => {
    const server = await startNest(platform);

    await attackOn(server, async (scene) => {
      const raw = scene.raw();
      const answer = await refusalOf(raw, rawRequest('GET', `${path}?EIO=4&transport=polling`));

      expect([refusal(403), refusal(404), refusal(400)]).toContainEqual(answer);
    });
  });
});

/** Lets the WebSocket of the bystander in, which passes middlewares on Fastify as well. */
class Refusing implements NestMiddleware {
  use(
    request: { headers: Record<string, unknown> },
    response: { statusCode: number; end(): void },
    next: () => void,
  ): void {
    if (request.headers.upgrade !== undefined) {
      next();
      return;
    }
    response.statusCode = 403;
    response.end();
  }
}

@Module({})
class Guarded {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(Refusing).forRoutes('/socket.io/');
  }
}

class EchoGateway {
  @Ack('echo')
  echo(@Arg(0) value: unknown): unknown {
    return value;
  }
}

/** A Nest application, seen as the servers of other tests are. */
async function startNest(platform: (typeof PLATFORMS)[number]): Promise<RunningServer> {
  const { app, url } = await startWith({ platform, imports: [Guarded], providers: [EchoGateway] });
  const io = app.get(Websocket).server as unknown as RunningServer['io'];
  const http = app.getHttpServer() as RunningServer['http'];
  const { port } = http.address() as AddressInfo;
  const close = (): Promise<void> => app.close();
  return { io, http, port, origin: url, url: `${url}/socket.io/`, errors: [], warnings: [], close };
}
