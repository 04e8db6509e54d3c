import type { INestApplication } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { RawSocket } from '../../support/raw-socket.js';
import { startWith } from '../support/start-app.js';

const DOORS = {
  'a polling handshake': { query: 'transport=polling', upgrade: '' },
  'a WebSocket handshake': {
    query: 'transport=websocket',
    upgrade: 'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQEBAQEBAQEBAQEBAQEBAQ==\r\n',
  },
};

describe('headers on Fastify', () => {
  it.each(Object.keys(DOORS) as (keyof typeof DOORS)[])(
    'of hooks, of middlewares and of the server itself come together in the answer to %s',
    async (door) => {
      const { url, websocket } = await startWith({
        options: { cookie: true, cors: { origin: ['https://app.example'] } },
        configure: (app) => hookOf(app),
      });
      websocket.server.engine.use((_request, response, next) => {
        response.setHeader('Vary', ['X-Middleware', 'Accept-Encoding']);
        response.setHeader('Set-Cookie', 'middleware=1');
        response.setHeader('X-Middleware', 'm');
        next();
      });

      const headers = await headersAt(url, DOORS[door]);

      expect(headers['set-cookie'].sort()).toEqual([
        expect.stringMatching(/^hook=1/),
        expect.stringMatching(/^io=/),
        'middleware=1',
      ]);
      expect(headers.vary.join().split(/, ?/).sort()).toEqual(['Accept-Encoding', 'Origin', 'X-Hook', 'X-Middleware']);
      expect(headers).toMatchObject({ 'x-hook': ['h'], 'x-middleware': ['m'] });
      expect(headers['access-control-allow-origin']).toEqual(['https://app.example']);
    },
  );

  it.each(Object.keys(DOORS) as (keyof typeof DOORS)[])(
    'of hooks and middlewares come together where the server has none, in a refusal: %s',
    async (door) => {
      // The origin is a foreign one.
      const { url, websocket } = await startWith({
        options: { onWarning: () => {} },
        configure: (app) => hookOf(app),
      });
      websocket.server.engine.use((_request, response, next) => {
        response.setHeader('Vary', 'X-Middleware');
        response.setHeader('Set-Cookie', ['a=1', 'b=2']);
        next();
      });

      const headers = await headersAt(url, DOORS[door]);

      expect(headers['set-cookie'].sort()).toEqual(['a=1', 'b=2', 'hook=1']);
      expect(headers.vary.join().split(/, ?/).sort()).toEqual(['X-Hook', 'X-Middleware']);
      expect(headers['cache-control']).toEqual(['no-store']);
    },
  );

  it('of hooks that HTTP does not allow are left out of a 101, and named', async () => {
    const warnings: string[] = [];
    const { url } = await startWith({
      options: { onWarning: (message) => void warnings.push(message), cors: { origin: '*' } },
      configure: (app) => {
        const fastify = app.getHttpAdapter().getInstance() as FastifyInstance;
        fastify.addHook('onRequest', async (_request, reply) => {
          reply.header('X-Name', 'a\r\nX-Injected: 1').header('X-Other', 'b');
        });
      },
    });

    const headers = await headersAt(url, DOORS['a WebSocket handshake']);

    expect(headers).toMatchObject({ 'x-other': ['b'], upgrade: ['websocket'] });
    expect(headers).not.toHaveProperty('x-injected');
    expect(warnings).toEqual(['Left out headers that HTTP does not allow: ["x-name"]']);
  });
});

/** A hook that sets headers as plugins do: of Fastify's reply. */
function hookOf(app: INestApplication): void {
  const fastify = app.getHttpAdapter().getInstance() as FastifyInstance;
  fastify.addHook('onRequest', async (_request, reply) => {
    reply.header('Vary', 'X-Hook').header('Set-Cookie', 'hook=1').header('X-Hook', 'h');
  });
}

/** Every line of the answer by its name. */
async function headersAt(
  url: string,
  { query, upgrade }: { query: string; upgrade: string },
): Promise<Record<string, string[]>> {
  const socket = new RawSocket(Number(new URL(url).port));
  const connection = upgrade === '' ? 'close' : 'Upgrade';
  socket.write(
    `GET /socket.io/?EIO=4&${query} HTTP/1.1\r\nHost: x\r\nOrigin: https://app.example\r\nConnection: ${connection}\r\n${upgrade}\r\n`,
  );
  await socket.arrival('\r\n\r\n');
  const headers: Record<string, string[]> = {};
  for (const line of socket.received.split('\r\n\r\n', 1)[0].split('\r\n').slice(1)) {
    const [name, value] = line.split(/: (.*)/s);
    (headers[name.toLowerCase()] ??= []).push(value);
  }
  return headers;
}
