import type { Manager, Socket } from 'socket.io-client';
import type { INestApplication } from '@nestjs/common';
import type { Server } from '../../../src/server.js';
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
  readonly server: Server;
  /** Hands an event to the handlers of `/`, for each socket, as if clients had sent it. */
  fire(event: string): void;
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

  WebTransport: ({ server }) =>
    Promise.resolve(async () => {
      const pair = new WebTransportPair();
      server.engine.onWebTransportSession(pair.session);
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

  event: handling(({ client }) => client.emit('ask')),

  '`fire()`': handling(({ fire }) => fire('ask')),
};

/** Whether `ask` is handled. Whatever is said of it, it is said before an event that follows is answered or refused. */
function handling(send: (from: { client: Socket; fire: GuardedApp['fire'] }) => void): Door {
  return async ({ fire, url, handled }) => {
    const client = await connectClient(url);
    return async () => {
      const before = handled();
      const answered = new Promise<void>((resolve) => {
        client.once('exception', () => resolve());
        send({ client, fire });
        client.emit('after', () => resolve());
      });
      await within(answered, 'an event is answered or refused');
      return handled() > before;
    };
  };
}

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
