import { comparePlaces, placeOf } from '../../../src/ledger/store/offset.js';
import {
  MAX_HANDOVERS,
  type LedgerStore,
  type LogEntry,
  type SessionChange,
  type Taker,
} from '../../../src/ledger/store/ledger-store.js';
import { uniqueName } from '../../ecosystem/support/redis.js';
import { cleanup } from '../../support/cleanup.js';
import { elapse, until, within } from '../../support/until.js';

/** Makes stores that share one ledger of this name, which no other test has. */
export type StoreFactory = (name: string) => Promise<LedgerStore> | LedgerStore;

/** What every store does alike. To be called while a suite is declared. */
export function storeContract(createStore: StoreFactory): void {
  async function start(): Promise<{
    a: LedgerStore;
    b: LedgerStore;
    end: string;
    inbox: string[];
    received: string[];
  }> {
    const name = uniqueName();
    const [a, b] = [await createStore(name), await createStore(name)];
    const [inbox, received]: string[][] = [[], []];
    cleanup(async () => {
      await a.close();
      await b.close();
    });
    await a.open('a', (message) => void inbox.push(message));
    const end = await b.open('b', (message) => void received.push(message));
    return { a, b, end, inbox, received };
  }

  describe('#append and #read', () => {
    it('give every node the same entries in one order, numbered without a hole', async () => {
      const { a, b, end } = await start();
      await Promise.all([a.append(1, ['a1', 'a2']), b.append(1, ['b1'])]);
      await a.append(3, ['a3']);
      const seen = await b.read(end, 100, 0);
      expect(await a.read(end, 100, 0)).toEqual(seen);
      expect(bodies(seen).toSorted()).toEqual(['a1', 'a2', 'a3', 'b1']);
      expect(bodies(seen).filter((body) => body.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
      expect(seen.map(({ at }) => placeOf(at).number - placeOf(end).number)).toEqual([1, 2, 3, 4]);
      expect(isAscending([end, ...seen.map(({ at }) => at)])).toBe(true);
    });

    it('pass over what a node has appended before', async () => {
      const { a, b, end } = await start();
      await a.append(1, ['one', 'two']);
      await a.append(2, ['two', 'three']);
      await a.append(1, ['one']);
      await b.append(1, ['of another node']);
      expect(bodies(await b.read(end, 100, 0))).toEqual(['one', 'two', 'three', 'of another node']);
    });

    it('give at most as many as were asked for, from the oldest on', async () => {
      const { a, end } = await start();
      await a.append(1, ['1', '2', '3']);
      const first = await a.read(end, 2, 0);
      expect(bodies(first)).toEqual(['1', '2']);
      expect(bodies(await a.read(first[1].at, 2, 0))).toEqual(['3']);
      expect(await a.read((await a.read(end, 3, 0))[2].at, 2, 0)).toEqual([]);
    });

    it('wait for an entry', async () => {
      const { a, b, end } = await start();
      const waiting = b.read(end, 10, 2_000);
      await elapse(50);
      await a.append(1, ['late']);
      expect(bodies(await within(waiting, 'the entry', 1_000))).toEqual(['late']);
    });

    it('wait no longer than they were told to', async () => {
      const { a, end } = await start();
      expect(await within(a.read(end, 10, 50), 'the end of the wait', 1_000)).toEqual([]);
    });

    it('keep any text as it is', async () => {
      const { a, end } = await start();
      const texts = ['', 'ünï\u{1F600}\u2028', '{"a":"\\u0000"}', 'x'.repeat(100_000)];
      await a.append(1, texts);
      expect(bodies(await a.read(end, 10, 0))).toEqual(texts);
    });

    it('settle once the store is closed', async () => {
      const { a, end } = await start();
      const waiting = a.read(end, 10, 60_000).catch(() => []);
      await elapse(20);
      await a.close();
      expect(await within(waiting, 'the reader', 2_000)).toEqual([]);
    });
  });

  describe('#prune', () => {
    it('removes what is too old, and tells where the log ends', async () => {
      const { a, b, end } = await start();
      await a.append(1, ['old']);
      await elapse(500);
      await b.append(1, ['new']);
      const [, last] = await a.read(end, 10, 0);
      expect(await a.prune({ maxAge: 400, maxBytes: 1e12 })).toBe(last.at);
      expect(bodies(await a.read(end, 10, 0))).toEqual(['new']);
      await elapse(500);
      expect(await a.prune({ maxAge: 400, maxBytes: 1e12 })).toBe(last.at);
      expect(await a.read(end, 10, 0)).toEqual([]);
    });

    it('removes the oldest entries of a log that is too large', async () => {
      const { a, end } = await start();
      const body = 'x'.repeat(1_000);
      await a.append(
        1,
        Array.from({ length: 1_000 }, (_, i) => `${i} ${body}`),
      );
      await a.prune({ maxAge: 60_000, maxBytes: 300_000 });
      const left = await a.read(end, 1_000, 0);
      expect(left.length).toBeGreaterThan(50);
      expect(left.length).toBeLessThan(400);
      expect(left.at(-1)!.body.startsWith('999 ')).toBe(true);
    });

    it('goes on with the numbers after everything was removed', async () => {
      const { a, b, end } = await start();
      await a.append(1, ['1', '2']);
      await elapse(20);
      const last = await a.prune({ maxAge: 1, maxBytes: 1e12 });
      await b.append(1, ['3']);
      const [entry] = await a.read(end, 10, 0);
      expect(entry.body).toBe('3');
      expect(placeOf(entry.at).number).toBe(placeOf(last).number + 1);
    });
  });

  describe('#saveSessions and #takeSession', () => {
    const mark = { read: '1-1', got: '1-1' };

    it('hand a session over with an entry of the log', async () => {
      const { a, b, end } = await start();
      await a.saveSessions([session('s', 'state')]);
      const taken = await b.takeSession('s', taker('b', 'taken', '3-3'));
      const handovers = [{ owner: 'a', has: '3-3', kept: '' }];
      expect(taken).toEqual({
        state: 'state',
        mark,
        directs: [],
        dropped: undefined,
        handovers,
        at: expect.any(String),
      });
      expect(await a.read(end, 10, 0)).toEqual([{ at: taken!.at, body: 'taken' }]);
    });

    it('know nothing of a session that was never there, has expired or was removed', async () => {
      const { a, b, end } = await start();
      await a.saveSessions([
        session('short', 'state', 30),
        session('removed', 'state'),
        { pid: 'removed', owner: 'a', ttl: 0 },
      ]);
      await elapse(80);
      for (const pid of ['never', 'short', 'removed']) expect(await b.takeSession(pid, taker('b', pid))).toBeNull();
      expect(await a.read(end, 10, 0)).toEqual([]);
    });

    it('keep a session for longer where it is extended, with its mark', async () => {
      const { a, b } = await start();
      await a.saveSessions([session('s', 'state', 100)]);
      await a.saveSessions([{ pid: 's', owner: 'a', ttl: 60_000, mark: { read: '5-5', got: '4-4-2' } }]);
      await elapse(150);
      expect(await b.takeSession('s', taker('b', 'taken'))).toMatchObject({
        state: 'state',
        mark: { read: '5-5', got: '4-4-2' },
      });
    });

    it('leave a session alone that another owner has taken, and tell', async () => {
      const { a, b } = await start();
      await a.saveSessions([session('s', 'of a'), session('mine', 'of a')]);
      await b.takeSession('s', taker('b', 'taken'));
      await b.saveSessions([session('s', 'of b', 60_000, 'b')]);
      const changes = [
        session('s', 'late'),
        session('mine', 'newer'),
        { pid: 's', owner: 'a', ttl: 0 },
        direct('s', '9-9-1', 'late'),
      ];
      expect(await a.saveSessions(changes)).toEqual(['a']);
      expect(await a.takeSession('s', taker('a', 'back'))).toMatchObject({ state: 'of b', directs: [] });
      expect(await b.takeSession('mine', taker('b', 'taken'))).toMatchObject({ state: 'newer' });
    });

    it('keep direct packets in order, each once', async () => {
      const { a, b } = await start();
      await a.saveSessions([session('s', 'state'), direct('s', '10-2-1', 'one'), direct('s', '10-2-2', 'two')]);
      await a.saveSessions([
        direct('s', '10-2-2', 'two'),
        direct('s', '10-2-10', 'three'),
        direct('s', '11-3-1', 'four'),
      ]);
      const { directs } = (await b.takeSession('s', taker('b', 'taken')))!;
      expect(bodies(directs)).toEqual(['one', 'two', 'three', 'four']);
      expect(directs.map(({ at }) => at)).toEqual(['10-2-1', '10-2-2', '10-2-10', '11-3-1']);
      await b.saveSessions([direct('s', '12-4-1', 'five', 'b')]);
      expect(bodies((await a.takeSession('s', taker('a', 'taken')))!.directs)).toHaveLength(5);
    });

    it('keep a bounded number of them, and tell what was dropped', async () => {
      const { a, b } = await start();
      const packets = Array.from({ length: 600 }, (_, i) => ({ at: `10-2-${i + 1}`, body: `${i + 1}` }));
      await a.saveSessions([session('s', 'state'), { pid: 's', owner: 'a', ttl: 60_000, directs: packets }]);
      const { directs, dropped } = (await b.takeSession('s', taker('b', 'taken')))!;
      expect(directs.length).toBeLessThan(600);
      expect(directs.at(-1)!.body).toBe('600');
      expect(placeOf(directs[0].at).direct).toBe(placeOf(dropped!).direct + 1);
    });

    it('keep from whom a session was taken lately, and what its client had then', async () => {
      const { a, b } = await start();
      await a.saveSessions([session('s', 'state'), session('other', 'state')]);
      await b.takeSession('s', taker('b', 'taken', '3-3-7'));
      await b.saveSessions([session('s', 'newer', 60_000, 'b'), direct('s', '4-4-9', 'one', 'b')]);
      await b.saveSessions([direct('s', '4-4-12', 'two', 'b')]);
      expect((await a.takeSession('s', taker('a2', 'taken')))!.handovers).toEqual([
        { owner: 'a', has: '3-3-7', kept: '' },
        { owner: 'b', has: '', kept: '4-4-12' },
      ]);
      expect((await a.takeSession('other', taker('b', 'taken')))!.handovers).toHaveLength(1);
      let { handovers } = (await a.takeSession('s', taker('0', 'taken')))!;
      for (let i = 1; i < 20; i++) ({ handovers } = (await a.takeSession('s', taker(`${i}`, 'taken', `4-${i}`)))!);
      const last = Array.from({ length: MAX_HANDOVERS }, (_, i) => ({
        owner: `${i + 3}`,
        has: `4-${i + 4}`,
        kept: '4-4-12',
      }));
      expect(handovers).toEqual(last);
    });

    function taker(owner: string, body: string, has = ''): Taker {
      return { owner, has, ttl: 60_000, body };
    }

    function session(pid: string, state: string, ttl = 60_000, owner = 'a'): SessionChange {
      return { pid, owner, state, ttl, mark };
    }

    function direct(pid: string, at: string, body: string, owner = 'a'): SessionChange {
      return { pid, owner, ttl: 60_000, directs: [{ at, body }] };
    }
  });

  describe('#send', () => {
    it('reaches one node, or all others', async () => {
      const { a, b, inbox, received } = await start();
      await a.send('b', 'to b');
      await b.send(null, 'to all');
      await b.send('a', 'x'.repeat(20_000));
      await b.send('gone', 'to nobody');
      await until(() => inbox.length === 2 && received.length === 1);
      expect(received).toEqual(['to b']);
      expect(inbox).toEqual(['to all', 'x'.repeat(20_000)]);
    });
  });

  describe('#claim', () => {
    it('is given to the first, until it expires', async () => {
      const { a, b } = await start();
      expect(await a.claim('key', 'of a', 100, false)).toEqual({ isMine: true, value: 'of a' });
      expect(await b.claim('key', 'of b', 100, false)).toEqual({ isMine: false, value: 'of a' });
      expect(await a.claim('key', 'changed', 100, true)).toEqual({ isMine: true, value: 'changed' });
      expect(await b.claim('key', 'of b', 100, false)).toEqual({ isMine: false, value: 'changed' });
      await elapse(150);
      expect(await b.claim('key', 'of b', 100, false)).toEqual({ isMine: true, value: 'of b' });
    });
  });
}

function bodies(entries: readonly LogEntry[]): string[] {
  return entries.map(({ body }) => body);
}

function isAscending(offsets: readonly string[]): boolean {
  return offsets.every((at, i) => i === 0 || comparePlaces(placeOf(offsets[i - 1]), placeOf(at)) < 0);
}
