import { openPolling, poll, push, type PollingSession } from '../support/engine-client.js';
import { nextRequest, until } from '../support/until.js';
import { rawRequest } from './support/requests.js';
import { withBystander, type Scene } from './support/with-bystander.js';

const BRISK = { pingInterval: 200, pingTimeout: 100 };

describe('a hostile client of long-polling', () => {
  it('that never polls is reaped in time', () =>
    withBystander(async (scene) => {
      await openPolling(scene.server.url);

      expect(await scene.closeOfYoungest()).toEqual([
        'ping timeout',
        expect.objectContaining({ code: 'PING_TIMEOUT' }),
      ]);
    }, BRISK));

  it('that never polls again after it has joined is reaped in time, and what waits for it with it', () =>
    withBystander(async (scene) => {
      await joined(scene);
      const closed = scene.closeOfYoungest();
      const [socket] = [...scene.server.io.sockets.sockets.values()].slice(-1);
      for (let i = 0; i < 100; i++) socket.emit('news', Buffer.alloc(1_000), () => {});

      expect((await closed)[0]).toBe('ping timeout');
      expect(socket.acks.size).toBe(0);
    }, BRISK));

  it('that polls and never posts is reaped in time', () =>
    withBystander(async (scene) => {
      const session = await openPolling(scene.server.url);
      const closed = scene.closeOfYoungest();
      const state = { isOver: false };
      void closed.then(() => (state.isOver = true));

      while (!state.isOver) await poll(session);

      expect((await closed)[0]).toBe('ping timeout');
    }, BRISK));

  it('that never reads an answer is reaped in time', () =>
    withBystander(async (scene) => {
      const session = await joined(scene);
      const closed = scene.closeOfYoungest();
      const asked = nextRequest(scene.server.http);
      const raw = scene.raw();
      raw.socket.pause();
      raw.write(rawRequest('GET', targetOf(session)));
      await asked;
      scene.server.io.emit('news', Buffer.alloc(900_000));

      expect((await closed)[0]).toBe('ping timeout');
    }, BRISK));

  it('that goes in the middle of each poll ends its session each time', () =>
    withBystander(async (scene) => {
      for (let i = 0; i < 50; i++) {
        const session = await joined(scene);
        const closed = scene.closeOfYoungest();
        const asked = nextRequest(scene.server.http);
        const raw = scene.raw();
        raw.write(rawRequest('GET', targetOf(session)));
        await asked;
        raw.drop(i % 2 === 0);
        expect((await closed)[1]).toMatchObject({ code: 'POLL_ABORTED' });
      }
    }));

  it('that polls twice at once ends its session', () =>
    withBystander(async (scene) => {
      const session = await joined(scene);
      const closed = scene.closeOfYoungest();
      const asked = nextRequest(scene.server.http);
      const first = poll(session);
      await asked;

      expect((await poll(session)).status).toBe(400);

      expect((await closed)[1]).toMatchObject({ code: 'POLL_OVERLAP' });
      expect((await first).body).toBe('1');
    }));

  it('that breaks the protocol of Socket.IO and never polls again keeps nothing but a number, and that not for long', () =>
    withBystander(
      async (scene) => {
        const session = await joined(scene);
        const socket = [...scene.server.io.sockets.sockets.values()].at(-1)!;
        const closed = scene.closeOfYoungest();
        void socket.join(['a', 'b']);
        socket.emit('question', () => {});

        expect((await push(session, '42[]')).status).toBe(400);

        expect([socket.connected, socket.acks.size, socket.rooms.size]).toEqual([false, 0, 0]);
        expect((await push(session, `4${'x'.repeat(10_000)}`)).status).toBe(400);
        expect((await closed)[0]).toBe('parse error');
      },
      { closeTimeout: 200 },
    ));

  it('that polls in pieces keeps no more than its connection', () =>
    withBystander(async (scene) => {
      const { url } = await openPolling(scene.server.url);
      const closed = scene.closeOfYoungest();
      const raw = scene.raw();
      for (const byte of rawRequest('GET', targetOf({ url })).slice(0, -3)) raw.write(byte);

      await until(() => scene.server.io.engine.clientsCount === 1, 'the session is reaped');
      expect((await closed)[0]).toBe('ping timeout');
    }, BRISK));
});

async function joined(scene: Scene): Promise<PollingSession> {
  const session = await openPolling(scene.server.url);
  await push(session, '40');
  await poll(session);
  return session;
}

function targetOf({ url }: Pick<PollingSession, 'url'>): string {
  return url.slice(url.indexOf('/socket.io/'));
}
