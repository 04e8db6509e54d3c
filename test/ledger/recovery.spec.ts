import type { Socket as ClientSocket } from 'socket.io-client';
import { createLedger, memoryLedger, redisLedger, type Ledger } from '../../src/ledger/index.js';
import type { LedgerStore } from '../../src/ledger/store/ledger-store.js';
import { MemoryLedger, MemoryStore } from '../../src/ledger/store/memory-store.js';
import { RedisServer, uniqueName } from '../ecosystem/support/redis.js';
import { connectClient } from '../support/official-client.js';
import { describeWith } from '../support/requirements.js';
import { startServer } from '../support/server.js';
import { nextEvent, until } from '../support/until.js';
import { comeBack, cutOff, loseTouch, recoveryContract, start } from './contract/recovery.contract.js';

/** What it reads, it reads only once it stands still no more. */
class StallingStore extends MemoryStore {
  isStalled = false;

  override async read(...args: Parameters<LedgerStore['read']>): ReturnType<LedgerStore['read']> {
    const entries = await super.read(...args);
    if (!this.isStalled) return entries;
    await until(() => !this.isStalled);
    return super.read(...args);
  }
}

/** It opens late. */
class SlowStore extends MemoryStore {
  letOpen!: () => void;
  readonly #mayOpen = new Promise<void>((resolve) => (this.letOpen = resolve));

  override async open(...args: Parameters<LedgerStore['open']>): ReturnType<LedgerStore['open']> {
    await this.#mayOpen;
    return super.open(...args);
  }
}

describe('recovery through a ledger in memory', () => {
  let ledger: Ledger;
  beforeEach(() => void (ledger = memoryLedger(OPTIONS)));
  recoveryContract(() => ledger);

  it('starts a client anew whose offset the log no longer has', async () => {
    const shared = new MemoryLedger();
    const cluster = await start(() => createLedger(() => new MemoryStore(shared), OPTIONS));
    const { client, socket } = await cluster.join(0);
    const first = nextEvent(client, 'first');
    socket.nsp.emit('first');
    await first;
    await cutOff({ client, socket });
    for (let i = 0; i < 5; i++) cluster.nodes[0].io.to(socket.id).emit('missed', i);
    await until(() => shared.log.length > 5);
    await new MemoryStore(shared).prune({ maxAge: 60_000, maxBytes: 100 });
    // A node whose own log begins only now.
    const fresh = createLedger(() => new MemoryStore(shared), OPTIONS);
    const node = await startServer({ adapter: fresh.adapter, connectionStateRecovery: {} });
    await comeBack(client, node);
    expect(client.recovered).toBe(false);
    expect(fresh.stats()[0].tooOld).toBe(1);
  });

  it('ends the sessions of a node that has missed entries, and tells', async () => {
    const shared = new MemoryLedger();
    const own = createLedger(() => new MemoryStore(shared), OPTIONS);
    const cluster = await start(() => own);
    const [a, b] = await cluster.members();
    const closed = [a, b].map(({ socket }) => nextEvent(socket, 'disconnect'));
    // As if entries had been trimmed before anybody read them.
    shared.end = { ...shared.end, number: shared.end.number + 3 };
    cluster.nodes[0].io.emit('after the gap');
    for (const [reason, details] of await Promise.all(closed)) {
      expect(reason).toBe('transport close');
      expect(details).toMatchObject({ code: 'LEDGER_GAP' });
    }
    expect(cluster.nodes.flatMap(({ errors }) => errors).map(String)).toEqual([
      expect.stringContaining('LEDGER_GAP'),
      expect.stringContaining('LEDGER_GAP'),
    ]);
    await comeBack(a.client, cluster.nodes[0]);
    expect(a.client.recovered).toBe(false);
    expect(own.stats().map(({ gaps }) => gaps)).toEqual([1, 1]);
  });

  it('appends an entry once, though the answers of the store are lost', async () => {
    const shared = new MemoryLedger();
    class Forgetful extends MemoryStore {
      #calls = 0;
      override async append(...args: Parameters<LedgerStore['append']>): Promise<void> {
        await super.append(...args);
        if (++this.#calls % 2 === 1) throw new Error('the answer is lost');
      }
    }
    const cluster = await start(() => createLedger(() => new Forgetful(shared), OPTIONS));
    const [a] = await cluster.members();
    const got: number[] = [];
    a.client.on('n', (n: number) => void got.push(n));
    for (let i = 0; i < 20; i++) {
      cluster.nodes[i % 2].io.emit('n', i);
      if (i % 5 === 0) await nextEvent(a.client, 'n');
    }
    await until(() => got.length === 20);
    expect(got.toSorted((x, y) => x - y)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('delivers what was emitted before the ledger was open', async () => {
    const store = new SlowStore(new MemoryLedger());
    const ledger = createLedger(() => store, OPTIONS);
    const { io, origin } = await startServer({ adapter: ledger.adapter, connectionStateRecovery: {} });
    const client = await connectClient(origin);
    const got: unknown[] = [];
    client.on('n', (n) => got.push(n));
    io.emit('n', 1);
    // What is emitted in one turn is appended in the next one.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    io.emit('n', 2);
    store.letOpen();
    await until(() => got.length === 2);
    io.emit('n', 3);
    await until(() => got.length === 3);
    expect(got).toEqual([1, 2, 3]);
    expect(ledger.stats()[0]).toMatchObject({ appended: 3, read: 3, queued: 0 });
  });

  it('gives a session to the last of several attempts, though their entries are read in one go', async () => {
    const shared = new MemoryLedger();
    const stores = [new StallingStore(shared), new StallingStore(shared)];
    const waiting = [...stores];
    const cluster = await start(() => createLedger(() => waiting.shift()!, OPTIONS));
    const { client, socket } = await cluster.join(0);
    const { _pid: pid } = client as never as { _pid: string };
    await cutOff({ client, socket });
    for (const store of stores) store.isStalled = true;
    const attempts: Promise<ClientSocket>[] = [];
    for (const _attempt of ['given up', 'made last']) {
      const { length } = shared.log;
      attempts.push(connectClient(cluster.nodes[0].origin, { auth: { pid } }));
      await until(() => shared.log.length > length);
    }
    for (const store of stores) store.isStalled = false;
    const [former, last] = await Promise.all(attempts);
    expect(last.id).toBe(socket.id);
    // On a busy machine the entries may be read in two turns after all: then it had the session until the second one.
    if (former.id === socket.id) await until(() => former.disconnected);
    else {
      const left = nextEvent(cluster.nodes[0].io.sockets.sockets.get(former.id!)!, 'disconnect');
      former.disconnect();
      await left;
    }
    const events = ['all', 'direct'].map((event) => nextEvent(last, event));
    cluster.nodes[1].io.emit('all');
    cluster.nodes[0].io.to(socket.id).emit('direct');
    await Promise.all(events);
  });

  it.each([
    ['after it has come back', false],
    ['while it is away', true],
  ])(
    'gives a client what a stalled node sent to its old connection, though it has moved twice: %s',
    async (_when, isEarly) => {
      const shared = new MemoryLedger();
      const store = new StallingStore(shared);
      const stores = [store, new MemoryStore(shared)];
      const cluster = await start(() => createLedger(() => stores.shift()!, OPTIONS));
      const [a, b] = cluster.nodes;
      const { client, socket } = await cluster.join(0);
      const direct = nextEvent(client, 'direct');
      // The node does not read that another one has the session, and goes on sending to a connection that reaches no client.
      store.isStalled = true;
      loseTouch(client);
      const atB = await comeBack(client, b);
      const heard = nextEvent(client, 'heard');
      b.io.emit('heard');
      await heard;
      await cutOff({ client, socket: atB });
      const { length } = shared.log;
      if (isEarly) {
        socket.emit('direct');
        await until(() => shared.log.length > length);
      }
      await comeBack(client, b);
      if (!isEarly) socket.emit('direct');
      await direct;
      store.isStalled = false;
      expect([client.recovered, a.errors, b.errors]).toEqual([true, [], []]);
    },
  );

  it('gives a client once what the store has taken without an answer', async () => {
    const shared = new MemoryLedger();
    let isForgetful = false;
    class Forgetful extends MemoryStore {
      override async saveSessions(...args: Parameters<LedgerStore['saveSessions']>): Promise<string[]> {
        const taken = await super.saveSessions(...args);
        if (!isForgetful) return taken;
        await until(() => !isForgetful);
        throw new Error('the answer is lost');
      }
    }
    const stores = [new Forgetful(shared), new MemoryStore(shared)];
    const cluster = await start(() => createLedger(() => stores.shift()!, OPTIONS));
    const [a, b] = cluster.nodes;
    const { client, socket } = await cluster.join(0);
    const got: string[] = [];
    client.onAny((event: string) => void got.push(event));
    const isSaved = (): boolean => [...shared.sessions.values()][0]?.directs.length === 1;
    await until(() => shared.sessions.size === 1);
    isForgetful = true;
    loseTouch(client);
    socket.emit('direct');
    await until(isSaved);
    await comeBack(client, b);
    const { length } = shared.log;
    isForgetful = false;
    // What it could not store, as far as it knows.
    await until(() => shared.log.length > length);
    b.io.emit('end');
    await until(() => got.includes('end'));
    expect(got).toEqual(['direct', 'end']);
    expect(a.errors.map(String)).toEqual([expect.stringContaining('does not answer')]);
  });

  it('refuses emits once too much waits for the store, and ends the sessions then', async () => {
    const shared = new MemoryLedger();
    let isAway = false;
    class Away extends MemoryStore {
      override append(...args: Parameters<LedgerStore['append']>): Promise<void> {
        return isAway ? Promise.reject(new Error('away')) : super.append(...args);
      }
    }
    const own = createLedger(() => new Away(shared), { ...OPTIONS, maxQueueBytes: 500 });
    const cluster = await start(() => own);
    const [a, b] = await cluster.members();
    const got: number[] = [];
    b.client.on('n', (n: number) => void got.push(n));
    const closed = nextEvent(b.socket, 'disconnect');
    isAway = true;
    for (let i = 0; i < 20; i++) void a.socket.nsp.emit('n', i);
    expect(own.stats()[0].refused).toBeGreaterThan(5);
    isAway = false;
    await until(() => got.length > 2);
    expect(got).toEqual(got.map((_, i) => i));
    expect((await closed)[1]).toMatchObject({ code: 'LEDGER_GAP' });
    expect(cluster.nodes[0].errors.map(String)).toContainEqual(expect.stringContaining('maxQueueBytes'));
  });

  it('measures data in bytes', async () => {
    const bounded = memoryLedger({ ...OPTIONS, maxSessionBytes: 1_000, checkpointInterval: 10 });
    const cluster = await start(() => bounded);
    const member = await cluster.join(0);
    member.socket.data.text = 'é'.repeat(600);
    const { errors } = cluster.nodes[0];
    await until(() => errors.length > 0);
    expect(String((errors[0] as Error).cause)).toContain('maxSessionBytes');
  });

  it('says once that data cannot be kept, and starts its client anew', async () => {
    const bounded = memoryLedger({ ...OPTIONS, maxSessionBytes: 1_000, checkpointInterval: 10 });
    const cluster = await start(() => bounded);
    const member = await cluster.join(0);
    member.socket.data.large = 'x'.repeat(2_000);
    const { errors } = cluster.nodes[0];
    await until(() => errors.length > 0);
    await cutOff(member);
    await comeBack(member.client, cluster.nodes[1]);
    expect(member.client.recovered).toBe(false);
    expect(errors).toHaveLength(1);
    expect(String((errors[0] as Error).cause)).toContain('maxSessionBytes is 1000');
    expect(bounded.stats()[0].unsavable).toBe(1);
  });
});

describeWith('redis-server', 'recovery through a ledger in Redis', (program) => {
  const redis = new RedisServer(program);
  let name = '';
  beforeEach(() => void (name = uniqueName()));
  recoveryContract(async () => redisLedger(await redis.connectIo(), { ...OPTIONS, name }));

  it('ends all sessions once Redis comes back empty', async () => {
    const client = await redis.connectIo();
    const cluster = await start(() => redisLedger(client, { ...OPTIONS, name, heartbeatInterval: 100 }));
    const [member] = await cluster.members();
    const closed = nextEvent(member.socket, 'disconnect', 10_000);
    await redis.kill();
    await redis.start();
    expect((await closed)[1]).toMatchObject({ code: 'LEDGER_GAP' });
    await comeBack(member.client, cluster.nodes[1]);
    expect(member.client.recovered).toBe(false);
    const heard = nextEvent(member.client, 'again');
    cluster.nodes[0].io.emit('again');
    await heard;
  });
});

const OPTIONS = { maxDisconnectionDuration: 60_000 };
