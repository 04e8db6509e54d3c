import type { Socket } from '../../src/socketio/index.js';
import { openPolling, poll, push } from '../support/engine-client.js';
import { nextEvent, nextRequest, until } from '../support/until.js';
import { rawRequest } from './support/requests.js';
import { withBystander, type Scene } from './support/with-bystander.js';

const KILOBYTES_64 = 65_536;
const BOUND = 4 * KILOBYTES_64;
/** More than the buffers of both kernels take. */
const FLOOD = 40_000_000;

/** Clients that take nothing, from the moment at which they are in the main namespace. */
const STALLED: Record<string, (scene: Scene) => Promise<void>> = {
  async 'never reads its WebSocket'(scene) {
    const raw = await scene.websocket();
    raw.write(Buffer.from('818200000000', 'hex'));
    raw.write('40');
    await raw.arrival('40{"sid"');
    raw.socket.pause();
  },
  async 'never polls'(scene) {
    const session = await openPolling(scene.server.url);
    await push(session, '40');
    await poll(session);
  },
  async 'never reads the answer to its poll'(scene) {
    const session = await openPolling(scene.server.url);
    await push(session, '40');
    await poll(session);
    const asked = nextRequest(scene.server.http);
    const raw = scene.raw();
    raw.socket.pause();
    raw.write(rawRequest('GET', session.url.slice(session.url.indexOf('/socket.io/'))));
    await asked;
  },
};

describe.each(Object.keys(STALLED))('sio#3158: a client that %s', (how) => {
  it('is closed in time, while another one gets everything', () =>
    withBystander(
      async (scene) => {
        await STALLED[how](scene);
        const socket = youngest(scene);
        const reading = await scene.joined('websocket');
        const disconnected = nextEvent(socket, 'disconnect', 4_000);
        const chunk = Buffer.alloc(KILOBYTES_64);

        let sent = 0;
        while (socket.connected && sent < FLOOD) {
          scene.server.io.emit('news', chunk);
          sent += chunk.length;
          expect(await reading.next()).toContain('"news"');
          expect(await reading.next()).toHaveLength(chunk.length);
        }

        expect((await disconnected)[0]).toBe('send queue overflow');
        expect(scene.server.io.stats().closed).toEqual({ SEND_QUEUE_OVERFLOW: 1 });
      },
      { sendQueueBytes: BOUND, sendTimeout: 300 },
    ));

  it('keeps no more than its bound where packets are dropped, while another one gets everything', () =>
    withBystander(
      async (scene) => {
        await STALLED[how](scene);
        const socket = youngest(scene);
        const reading = await scene.joined('websocket');
        const chunk = Buffer.alloc(KILOBYTES_64);

        for (let sent = 0; sent < FLOOD; sent += chunk.length) {
          scene.server.io.emit('news', chunk);
          await reading.next();
          await reading.next();
          expect(socket.conn.transport.queuedBytes).toBeLessThanOrEqual(BOUND + chunk.length);
        }

        expect(socket.connected).toBe(true);
        expect(scene.server.io.stats().dropped).toBeGreaterThan(0);
        socket.conn.close(true);
        await until(() => !socket.connected, 'the client is gone');
        // The first one that was dropped, and how many there were.
        expect(scene.takeReported()).toMatchObject([{ name: 'OverflowError' }, { name: 'OverflowError' }]);
      },
      { sendQueueBytes: BOUND, dropFramesOnOverflow: true },
    ));
});

function youngest({ server }: Scene): Socket {
  return [...server.io.sockets.sockets.values()].at(-1)!;
}
