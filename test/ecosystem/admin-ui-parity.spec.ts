import { createServer } from 'node:http';
import { instrument } from '@socket.io/admin-ui';
import { Server as OfficialServer } from 'socket.io';
import { Server } from '../../src/server.js';
import { cleanup } from '../support/cleanup.js';
import { connectClient, openClient, WAYS, type ClientSocket } from '../support/official-client.js';
import { listen } from '../support/server.js';
import { nextEvent, until } from '../support/until.js';

type Mode = 'development' | 'production';

/** What the admin's client was told, with names in the place of ids and without times. */
class AdminView {
  readonly #told: { event: string; args: unknown[] }[] = [];
  readonly #names = new Map<string, string>();

  constructor(readonly admin: ClientSocket) {
    admin.onAny((event: string, ...args: unknown[]) => void this.#told.push({ event, args }));
  }

  /** An id as the comparison has it. */
  name(id: string | undefined, name: string): void {
    this.#names.set(id!, name);
  }

  count(event: string): number {
    return this.#told.filter((one) => one.event === event).length;
  }

  /** The last statistics: what does not depend on timing. */
  get stats(): object {
    const { args } = this.#told.findLast(({ event }) => event === 'server_stats')!;
    const {
      uptime: _uptime,
      aggregatedEvents,
      serverId,
      hostname,
      pid,
      ...rest
    } = args[0] as {
      uptime: unknown;
      aggregatedEvents: { type: string }[];
      serverId: string;
      hostname: string;
      pid: number;
    };
    return { ...rest, types: [typeof serverId, hostname, pid], aggregated: Array.isArray(aggregatedEvents) };
  }

  /** Everything else, by kind in the order in which it came. */
  get told(): Record<string, unknown[]> {
    const byEvent: Record<string, unknown[]> = {};
    for (const { event, args } of this.#told) {
      if (event !== 'server_stats') (byEvent[event] ??= []).push(this.#plain(args));
    }
    return byEvent;
  }

  #plain(value: unknown): unknown {
    const text = JSON.stringify(value, (key, each: unknown) => {
      if (key === 'clientId' || key === 'issued' || key === 'time' || key === 't') return typeof each;
      if (key === 'headers' || key === 'url') return typeof each;
      if (typeof each !== 'string') return each;
      return this.#names.get(each) ?? (/^\d{4}-\d\d-\d\dT/.test(each) ? 'a time' : each.replace(/:\d{4,5}/, ''));
    });
    return JSON.parse(text) as unknown;
  }
}

/** Clients come, talk, join, leave and are sent away, from the application and from the UI. */
async function play(io: Server, mode: Mode): Promise<AdminView> {
  io.of('/chat').on('connection', (socket) => {
    socket.on('sum', (a: number, b: number, ack: (sum: number) => void) => ack(a + b));
  });
  instrument(io as never, { auth: false, mode });
  const http = createServer();
  io.attach(http);
  cleanup(() => io.close());
  const origin = `http://127.0.0.1:${await listen(http)}`;
  const admin = openClient(`${origin}/admin`);
  const view = new AdminView(admin);
  await nextEvent(admin, 'config');
  if (mode === 'development') await until(() => view.count('all_sockets') === 1);
  view.name(admin.id, 'admin');
  // In production the UI is told numbers alone.
  const sees = async (event: string, count: number): Promise<void> => {
    if (mode === 'development') await until(() => view.count(event) >= count, `${event} ${count} times`);
  };

  const first = await connectClient(`${origin}/chat`, { query: { q: '1' } });
  view.name(first.id, 'first');
  await sees('socket_connected', 1);
  const second = await connectClient(origin, WAYS.upgrade);
  view.name(second.id, 'second');
  await sees('socket_updated', 1);
  expect(await first.emitWithAck('sum', 1, 2)).toBe(3);
  await sees('event_received', 1);
  io.of('/chat').emit('news', { n: 1 });
  await sees('event_sent', 1);
  io.of('/chat').sockets.get(first.id!)!.join('tea');
  await until(() => io.of('/chat').adapter.rooms.has('tea'));
  admin.emit('leave', '/chat', 'tea', first.id);
  await until(() => !io.of('/chat').adapter.rooms.has('tea'));
  admin.emit('join', '/', 'room', second.id);
  await until(() => io.of('/').adapter.rooms.has('room'));
  await sees('room_joined', 5);
  await sees('room_left', 1);
  const gone = nextEvent(second, 'disconnect');
  admin.emit('_disconnect', '/', false, second.id);
  expect((await gone)[0]).toBe('io server disconnect');
  await sees('socket_disconnected', 1);
  first.disconnect();
  await sees('socket_disconnected', 2);
  const before = view.count('server_stats');
  await until(() => view.count('server_stats') > before, 'statistics', 4_500);
  return view;
}

describe.each<Mode>(['development', 'production'])('the admin UI in %s mode', (mode) => {
  it('is told the same as by the official server', async () => {
    const [ours, official] = await Promise.all([
      play(new Server({ serveClient: false }), mode),
      play(new OfficialServer({ serveClient: false }) as unknown as Server, mode),
    ]);
    expect(ours.told).toEqual(official.told);
    expect(ours.stats).toEqual(official.stats);
    expect(Object.keys(ours.told).length).toBeGreaterThan(mode === 'development' ? 8 : 0);
  });
});
