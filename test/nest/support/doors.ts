import { Manager } from 'socket.io-client';
import type { INestApplication } from '@nestjs/common';
import { Websocket } from '../../../src/index.js';
import { closeTestClients, createTestClient } from '../../../src/testing/index.js';
import { cleanup } from '../../support/cleanup.js';
import { openWebSocket } from '../../support/engine-client.js';
import { openLegacyClient } from '../../support/legacy-client.js';
import { connectClient, createClient } from '../../support/nest-app.js';
import { until, within } from '../../support/until.js';
import { WebTransportPair } from '../../support/webtransport.js';

/** An application with an event `ask` in `/` and a namespace `/second`, both to be guarded. */
export interface GuardedApp {
  readonly app: INestApplication;
  readonly url: string;
  /** How often `ask` was handled. */
  handled(): number;
}

/** What came of an attempt: whether it got through. */
export type Attempt = () => Promise<boolean>;

/** A way in. Prepares everything that lies before the door, with all guards open, and resolves to the attempt itself. */
export type Door = (guarded: GuardedApp) => Promise<Attempt>;

/** Every way by which something of a client, or in its name, comes in. */
export const DOORS: Readonly<Record<string, Door>> = {
  polling: connecting('polling'),
  WebSocket: connecting('websocket'),

  upgrade: async ({ url }) => {
    const client = await connectClient(url, { transports: ['polling'] });
    const { id: sid } = client.io.engine as unknown as { id: string };
    return () => succeeds(openWebSocket(`${url}/socket.io/`, { sid }));
  },

  recovery: async ({ url }) => {
    const client = await connectClient(url, { reconnection: false });
    return async () => {
      client.io.engine.close();
      await until(() => client.io._readyState === 'closed', 'the client is cut off');
      const isIn = await joins(client);
      if (isIn) expect(client.recovered).toBe(true);
      return isIn;
    };
  },

  'second namespace': async ({ url }) => {
    const client = await connectClient(url);
    return () => joins(client.io.socket('/second'));
  },

  'EIO 3': ({ url }) =>
    Promise.resolve(() => {
      const client = openLegacyClient(url);
      return within(
        new Promise<boolean>((resolve) => {
          client.on('connect', () => resolve(true));
          for (const event of ['error', 'connect_error']) client.on(event, () => resolve(false));
        }),
        'a client of version 2 is let in or refused',
      );
    }),

  WebTransport: ({ app }) =>
    Promise.resolve(async () => {
      const pair = new WebTransportPair();
      app.get(Websocket).server.engine.onWebTransportSession(pair.session);
      const stream = pair.openStream();
      stream.send('0');
      const refused = pair.closed.then(() => null);
      const next = (): Promise<string | Buffer | null> => Promise.race([stream.next(), refused]).catch(() => null);
      if ((await next()) === null) return false;
      stream.send('40');
      const answer = await next();
      return typeof answer === 'string' && answer.startsWith('40');
    }),

  'testing client': ({ app }) =>
    Promise.resolve(() => {
      cleanup(() => closeTestClients());
      return succeeds(createTestClient(app));
    }),

  event: async ({ url, handled }) => {
    const client = await connectClient(url);
    return async () => {
      const before = handled();
      await client.emitWithAck('ask');
      return handled() > before;
    };
  },

  '`fire()`': async ({ app, url, handled }) => {
    const client = await connectClient(url);
    return async () => {
      const before = handled();
      app.get(Websocket).fire('ask');
      // Whatever is said of it, it is said after what was fired.
      await client.emitWithAck('after');
      return handled() > before;
    };
  },
};

function connecting(transport: string): Door {
  return ({ url }) => Promise.resolve(() => joins(createClient(url, { transports: [transport] })));
}

function joins(client: ReturnType<Manager['socket']>): Promise<boolean> {
  const decided = new Promise<boolean>((resolve) => {
    client.once('connect', () => resolve(true));
    client.once('connect_error', () => resolve(false));
  });
  client.connect();
  return within(decided, 'the client is let in or refused');
}

function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}
