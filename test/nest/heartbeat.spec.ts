import { Gateway, OnPing, OnPong } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { connectClient } from '../support/nest-app.js';
import { nextEvent, until } from '../support/until.js';
import { onlySocket, startWith } from './support/start-app.js';

describe('@OnPing and @OnPong', () => {
  class Heartbeat {
    readonly log: string[] = [];

    @OnPing()
    ping(socket: Socket): void {
      this.log.push(`ping ${socket.id}`);
    }

    @OnPong()
    async pong(socket: Socket): Promise<void> {
      this.log.push(`pong ${socket.id}`);
      socket.emit('ponged');
    }
  }

  it('hear of each heartbeat and of its answer, as long as the socket is connected [event: ping] [event: pong]', async () => {
    const { app, url, websocket } = await startWith({ providers: [Heartbeat], options: { pingInterval: 15 } });
    const client = await connectClient(url);
    const id = client.id;
    for (let pongs = 0; pongs < 3; pongs++) await nextEvent(client, 'ponged');
    const { log } = app.get(Heartbeat);
    const pings = log.filter((line) => line === `ping ${id}`).length;
    const pongs = log.filter((line) => line === `pong ${id}`).length;
    expect(pings + pongs).toBe(log.length);
    expect(pings).toBeGreaterThan(1);
    expect(pongs).toBeGreaterThan(1);
    // Each answer comes behind its ping. One ping may have left before the socket was connected.
    let unanswered = 1;
    for (const line of log) {
      unanswered += line.startsWith('ping') ? 1 : -1;
      expect(unanswered).toBeGreaterThanOrEqual(0);
    }
    const { conn } = await onlySocket(websocket);
    const { length } = log;
    client.disconnect();
    await nextEvent(conn, 'close');
    expect(log.slice(length).every((entry) => entry.endsWith(id!))).toBe(true);
    expect(conn.listenerCount('ping') + conn.listenerCount('heartbeat')).toBe(0);
  });

  it('hear of it in each namespace of a connection', async () => {
    const rooms = Array.from({ length: 12 }, (_, i) => `/room-${i}`);
    const log: string[] = [];
    @Gateway(/^\/room-\d+$/)
    class Rooms {
      @OnPing()
      ping(socket: Socket): void {
        log.push(socket.nsp.name);
      }
    }
    const { url } = await startWith({ providers: [Rooms], options: { pingInterval: 100 } });
    const [first, ...others] = rooms;
    const client = await connectClient(url + first);
    for (const room of others) await nextEvent(client.io.socket(room).connect(), 'connect');
    await until(() => log.length >= rooms.length);
    expect(log.slice(-rooms.length).sort()).toEqual(rooms.toSorted());
  });
});
