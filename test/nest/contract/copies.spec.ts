import { createRequire } from 'node:module';
import path from 'node:path';
import { z } from 'zod';
import { request } from '../../../src/client/index.js';
import type * as Contracts from '../../../src/contract/index.js';
import { Ack, ConnectedSocket, Gateway, MessageBody, Websocket } from '../../../src/index.js';
import { closeTestClients, createTestClient, nextEvent } from '../../../src/testing/index.js';
import { buildPackage } from '../../support/sample.js';
import { createApp } from '../support/start-app.js';

const root = path.resolve(import.meta.dirname, '../../..');

describe('a contract of another copy of the package', () => {
  beforeAll(() => buildPackage(), 120_000);
  afterEach(() => closeTestClients());

  it('is taken by gateways, services and clients', async () => {
    const other = createRequire(import.meta.url)(path.join(root, 'dist/cjs/contract/index.js')) as typeof Contracts;
    const shared = other.defineContract('/shared', {
      in: { double: other.event(z.number()).ack(z.number()) },
      out: { news: other.event(z.string()) },
    });

    @Gateway(shared)
    class SharedGateway {
      @Ack(shared.in.double)
      double(@MessageBody(shared.in.double) n: number, @ConnectedSocket(shared) socket: { id: string }) {
        return socket.id === '' ? 0 : n * 2;
      }
    }
    const app = await createApp({ providers: [SharedGateway] });
    const client = await createTestClient(app, shared);
    expect(await request(client, 'double', 21)).toBe(42);
    await expect(request(client, 'double', 'x' as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENTS' });
    app.get(Websocket).of(shared).emit('news', 'hi');
    expect(await nextEvent(client, 'news')).toEqual(['hi']);
    expect(() =>
      app
        .get(Websocket)
        .of(shared)
        .emit('news', 5 as never),
    ).toThrow('does not match its contract');
  });
});
