import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { SocketIoModule, type SocketIoModuleOptions } from '../../src/index.js';
import { cleanup } from '../support/cleanup.js';
import { openWebSocket, refusedWebSocket, request, type HttpAnswer } from '../support/engine-client.js';
import { urlOf } from '../support/nest-app.js';
import { isNestSince } from './support/nest-version.js';
import { PLATFORMS, startWith, type Platform } from './support/start-app.js';

const APP = 'https://app.example';
const EVIL = 'https://evil.example';
type Cors = Parameters<INestApplication['enableCors']>[0];

async function start(
  platform: Platform,
  enabled: Cors | null,
  options: SocketIoModuleOptions = {},
): Promise<{ url: string; warnings: string[] }> {
  const warnings: string[] = [];
  const { url } = await startWith({
    platform,
    options: { onWarning: (message) => void warnings.push(message), ...options },
    configure: (app) => {
      if (enabled !== null) app.enableCors(enabled);
    },
  });
  return { url: `${url}/socket.io/`, warnings };
}

function handshake(url: string, origin: string, init: RequestInit = {}): Promise<HttpAnswer> {
  return request(`${url}?EIO=4&transport=polling`, { ...init, headers: { origin, ...init.headers } });
}

function preflight(url: string, origin: string): Promise<HttpAnswer> {
  const headers = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };
  return handshake(url, origin, { method: 'OPTIONS', headers });
}

const allowed = ({ headers }: HttpAnswer): string | null => headers.get('access-control-allow-origin');

/** Whether a WebSocket from this origin is let in: 101, or the status of the refusal. */
async function upgradeStatus(url: string, origin: string): Promise<number> {
  const address = `${url.replace('http', 'ws')}?EIO=4&transport=websocket`;
  try {
    (await openWebSocket(url, { headers: { origin } })).close();
    return 101;
  } catch {
    return (await refusedWebSocket(address, { origin })).status;
  }
}

describe.each(PLATFORMS)('pain 9: app.enableCors on %s', (platform) => {
  it.each<[string, Cors]>([
    ['a string', { origin: APP }],
    ['a list', { origin: [APP, 'https://other.example'] }],
    ['a regular expression', { origin: /^https:\/\/app\./ }],
    [
      'a function',
      { origin: (origin: string, decide: (error: null, allow: boolean) => void) => decide(null, origin === APP) },
    ],
  ])('with %s as origin is inherited by both transports', async (_name, options) => {
    const { url } = await start(platform, options);
    const answer = await handshake(url, APP);
    expect([answer.status, allowed(answer)]).toEqual([200, APP]);
    expect((await handshake(url, EVIL)).status).toBe(403);
    expect(await upgradeStatus(url, APP)).toBe(101);
    expect(await upgradeStatus(url, EVIL)).toBe(403);
  });

  it('answers preflights, with credentials where they are allowed', async () => {
    const { url } = await start(platform, { origin: APP, credentials: true });
    const answer = await preflight(url, APP);
    expect(answer.status).toBe(204);
    expect(allowed(answer)).toBe(APP);
    expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
    expect(answer.headers.get('access-control-allow-methods')).toContain('POST');
    const polled = await handshake(url, APP);
    expect(polled.headers.get('access-control-allow-credentials')).toBe('true');
    expect(polled.headers.get('vary')?.match(/Origin/gi)).toHaveLength(1);
  });

  it('without options allows every origin', async () => {
    const { url } = await start(platform, undefined);
    const answer = await handshake(url, EVIL);
    expect([answer.status, allowed(answer)]).toEqual([200, '*']);
    expect(await upgradeStatus(url, EVIL)).toBe(101);
  });

  it('by the option cors of NestFactory is inherited as well', async () => {
    const adapter = platform === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
    const options = { logger: false, cors: { origin: APP } } as const;
    const app = await NestFactory.create(SocketIoModule.forRoot(), adapter as ExpressAdapter, options);
    cleanup(() => app.close());
    await app.listen(0, '127.0.0.1');
    const url = `${urlOf(app)}/socket.io/`;
    expect((await handshake(url, APP)).status).toBe(200);
    expect(await upgradeStatus(url, EVIL)).toBe(403);
  });

  it('gives way to the cors option of the module', async () => {
    const { url } = await start(platform, { origin: EVIL }, { cors: { origin: APP } });
    expect(await upgradeStatus(url, APP)).toBe(101);
    expect(await upgradeStatus(url, EVIL)).toBe(403);
    const answer = await handshake(url, APP);
    expect([answer.status, allowed(answer)]).toEqual([200, APP]);
    expect((await handshake(url, EVIL)).status).toBe(403);
  });
});

describe('app.enableCors with a function that decides for each request', () => {
  type Callback = (error: Error | null, options: { origin: string }) => void;
  const delegate = (_request: unknown, callback: Callback): void => callback(null, { origin: APP });

  it.each<[string, Platform, unknown]>([
    ['as the cors package takes it', 'express', delegate],
    // The release of @fastify/cors that the first versions of Nest 11 have does not take it.
    ...(isNestSince('11.2') ? [['as @fastify/cors takes it', 'fastify', delegate] as [string, Platform, unknown]] : []),
    ['made for the instance', 'fastify', () => delegate],
    ['as delegator', 'fastify', { delegator: delegate }],
    ['as async delegator', 'fastify', { delegator: async () => ({ origin: APP }) }],
    ['as options made for the instance', 'fastify', () => ({ origin: APP })],
  ])('is inherited %s on %s', async (_name, platform, options) => {
    const { url } = await start(platform, options as Cors);
    expect((await handshake(url, APP)).status).toBe(200);
    expect((await handshake(url, EVIL)).status).toBe(403);
    expect(await upgradeStatus(url, APP)).toBe(101);
    expect(await upgradeStatus(url, EVIL)).toBe(403);
  });
});

describe.each(PLATFORMS)('a foreign origin on %s', (platform) => {
  it('gets 403 on both transports without any cors, and one line of the log names the option', async () => {
    const { url, warnings } = await start(platform, null);
    const refused = await handshake(url, EVIL);
    expect(refused.status).toBe(403);
    expect(JSON.parse(refused.body)).toMatchObject({ code: 4 });
    expect(await upgradeStatus(url, EVIL)).toBe(403);
    expect(await upgradeStatus(url, 'null')).toBe(403);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('cors.origin');
    expect(warnings[0]).toContain(EVIL);
  });

  it('is not this server itself, nor a client without one', async () => {
    const { url } = await start(platform, null);
    const { host } = new URL(url);
    for (const origin of [`http://${host}`, `https://${host}`]) {
      expect((await handshake(url, origin)).status).toBe(200);
      expect(await upgradeStatus(url, origin)).toBe(101);
    }
    expect((await request(`${url}?EIO=4&transport=polling`)).status).toBe(200);
  });

  it('may be let in by an async cors.origin', async () => {
    const origin = async (requested: string | undefined): Promise<boolean> => requested === APP;
    const { url } = await start(platform, null, { cors: { origin: origin as never } });
    expect(await upgradeStatus(url, APP)).toBe(101);
    expect(await upgradeStatus(url, EVIL)).toBe(403);
    expect(allowed(await handshake(url, APP))).toBe(APP);
    expect((await handshake(url, EVIL)).status).toBe(403);
  });
});
