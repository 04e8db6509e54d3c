import { MemoryAdapter } from '../../../src/socketio/index.js';

describe('MemoryAdapter', () => {
  it('keeps rooms and members both ways, without empty ones', () => {
    const adapter = create();
    adapter.addAll('a', new Set(['1', '2']));
    adapter.addAll('b', new Set(['2']));
    adapter.addAll('a', new Set(['2', '3']));

    expect(plain(adapter.rooms)).toEqual({ 1: ['a'], 2: ['a', 'b'], 3: ['a'] });
    expect(plain(adapter.sids)).toEqual({ a: ['1', '2', '3'], b: ['2'] });
    adapter.del('a', '1');
    adapter.del('a', 'unknown');
    adapter.del('unknown', '2');
    expect(plain(adapter.rooms)).toEqual({ 2: ['a', 'b'], 3: ['a'] });
    adapter.delAll('a');
    adapter.delAll('a');
    adapter.delAll('b');
    expect([adapter.rooms.size, adapter.sids.size]).toEqual([0, 0]);
  });

  it('tells of rooms that come and go and of who joins and leaves, once each', () => {
    const adapter = create();
    const events: unknown[] = [];
    for (const event of ['create-room', 'delete-room', 'join-room', 'leave-room']) {
      adapter.on(event, (...args: unknown[]) => events.push([event, ...args]));
    }

    adapter.addAll('a', new Set(['1']));
    adapter.addAll('a', new Set(['1']));
    adapter.addAll('b', new Set(['1']));
    adapter.del('a', '1');
    adapter.del('a', '1');
    adapter.delAll('b');

    expect(events).toEqual([
      ['create-room', '1'],
      ['join-room', '1', 'a'],
      ['join-room', '1', 'b'],
      ['leave-room', '1', 'a'],
      ['leave-room', '1', 'b'],
      ['delete-room', '1'],
    ]);
  });

  it('takes rooms by the names of the language for rooms', () => {
    const adapter = create();
    adapter.addAll('__proto__', new Set(['constructor', '__proto__']));
    expect([...adapter.socketRooms('__proto__')!]).toEqual(['constructor', '__proto__']);
    expect(adapter.socketRooms('constructor')).toBeUndefined();
  });

  it('visits who is in several rooms once, and only sockets of the namespace', async () => {
    const adapter = create(['a', 'b', 'c']);
    adapter.addAll('a', new Set(['1', '2']));
    adapter.addAll('b', new Set(['2']));
    adapter.addAll('c', new Set(['3']));
    // Not a socket of the namespace, for instance one that is still being let in.
    adapter.addAll('unknown', new Set(['1']));

    expect([...(await adapter.sockets(new Set(['1', '2'])))]).toEqual(['a', 'b']);
    expect([...(await adapter.sockets(new Set()))]).toEqual(['a', 'b', 'c']);
    const found = await adapter.fetchSockets({ rooms: new Set(['1', '2']), except: new Set(['2']), flags: {} });
    expect(found).toEqual([]);
    expect(await adapter.serverCount()).toBe(1);
  });
});

function create(ids: string[] = []): MemoryAdapter {
  const sockets = new Map(ids.map((id) => [id, { id }]));
  return new MemoryAdapter({ name: '/', sockets, _ids: 0, server: {} } as never);
}

function plain(map: ReadonlyMap<string, Set<string>>): Record<string, string[]> {
  return Object.fromEntries([...map].map(([key, values]) => [key, [...values]]));
}
