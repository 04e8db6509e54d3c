import { Injectable, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { EMPTY, of, type Observable } from 'rxjs';
import { parse } from 'yaml';
import { z } from 'zod';
import type { AddressInfo } from 'node:net';
import { defineContract, event } from '../../../src/contract/index.js';
import { Gateway, MessageBody, OnEvent, SocketIoModule, type AsyncApiRouteOptions } from '../../../src/index.js';
import { createApp, PLATFORMS, type Platform } from '../support/start-app.js';
import { chat } from './chat.contract.js';

const tea = defineContract('/tea', {
  in: { pour: event(z.string()).describe({ summary: 'Pour <script>alert(1)</script>' }) },
});

@Gateway(tea)
class TeaGateway {
  @OnEvent(tea.in.pour) pour(@MessageBody(tea.in.pour) kind: string) {
    return kind;
  }
}

@Injectable()
class KeyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    if (headers['x-key'] === undefined) throw new UnauthorizedException('a key is needed');
    return headers['x-key'] === 'right';
  }
}

const info = { title: 'Tea', version: '1' };

async function start(platform: Platform, options: Partial<AsyncApiRouteOptions> = {}) {
  const app = await createApp({
    platform,
    providers: [TeaGateway, KeyGuard],
    configure: (made) => SocketIoModule.asyncApi(made, { info, ...options }),
  });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return (path: string, headers = {}) => fetch(`http://127.0.0.1:${port}${path}`, { headers });
}

describe.each(PLATFORMS)('SocketIoModule.asyncApi on %s', (platform) => {
  it('serves the document as JSON, as YAML and as a page', async () => {
    const get = await start(platform);
    const json = await get('/asyncapi.json');
    expect(json.headers.get('content-type')).toContain('application/json');
    const document = (await json.json()) as { channels: Record<string, { address: string }> };
    expect(document.channels.tea.address).toBe('/tea');
    const yaml = await get('/asyncapi.yaml');
    expect(yaml.headers.get('content-type')).toContain('application/yaml');
    expect(parse(await yaml.text())).toEqual(document);
    const page = await get('/asyncapi');
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const html = await page.text();
    expect(html).toContain('<code>pour</code>');
    expect(html).not.toContain('<script');
  });

  it('serves it somewhere else, with the contracts of others', async () => {
    const get = await start(platform, { path: 'docs/events/', contracts: [chat] });
    expect((await get('/docs/events')).status).toBe(200);
    const { channels } = (await (await get('/docs/events.json')).json()) as { channels: object };
    expect(Object.keys(channels)).toEqual(['tea', 'chat']);
    expect((await get('/asyncapi')).status).toBe(404);
  });

  it.each(['/asyncapi', '/asyncapi.json', '/asyncapi.yaml'])('asks a guard before %s', async (path) => {
    const get = await start(platform, { guard: KeyGuard });
    const refused = await get(path);
    expect(refused.status).toBe(401);
    expect(await refused.json()).toEqual({ statusCode: 401, message: 'a key is needed' });
    expect((await get(path, { 'x-key': 'wrong' })).status).toBe(403);
    expect((await get(path, { 'x-key': 'right' })).status).toBe(200);
  });

  it('takes a function or an instance as a guard', async () => {
    const byFunction = await start(platform, { guard: async () => false });
    expect((await byFunction('/asyncapi')).status).toBe(403);
    const byInstance = await start(platform, { guard: new KeyGuard() });
    expect((await byInstance('/asyncapi', { 'x-key': 'right' })).status).toBe(200);
  });

  it.each<[string, Observable<boolean>, number]>([
    ['with true', of(true), 200],
    ['with false', of(false), 403],
    ['whose last word is false', of(true, false), 403],
    ['without a value', EMPTY, 403],
  ])('takes a guard that answers by a stream %s', async (_what, answer, status) => {
    const get = await start(platform, { guard: { canActivate: () => answer } });
    expect((await get('/asyncapi')).status).toBe(status);
  });

  it('answers 500 if a guard goes wrong, without its words', async () => {
    const get = await start(platform, {
      guard: () => {
        throw new Error('secret');
      },
    });
    const failed = await get('/asyncapi');
    expect(failed.status).toBe(500);
    expect(await failed.text()).not.toContain('secret');
  });
});

it('stops the start at a schema that cannot be described', async () => {
  const dates = defineContract('/dates', { in: { pick: event(z.date()) } });
  await expect(start('fastify', { contracts: [dates] })).rejects.toThrow(
    'The argument 0 of the event "pick" in /dates',
  );
});
