/** A store of the application that does not keep to its interface, and one into which others write. */
import { createLedger } from '../../src/ledger/index.js';
import type { LedgerStore } from '../../src/ledger/store/ledger-store.js';
import { MemoryLedger, MemoryStore } from '../../src/ledger/store/memory-store.js';
import { cleanup } from '../support/cleanup.js';
import { connectClient } from '../support/official-client.js';
import { startServer } from '../support/server.js';
import { nextEvent, until } from '../support/until.js';

const OPTIONS = { heartbeatInterval: 50, checkpointInterval: 20 };

const METHODS = ['open', 'append', 'read', 'saveSessions', 'takeSession', 'send', 'prune', 'claim', 'close'] as const;

/** Rejections that are not handled, and what is thrown uncaught, fail the test that runs by themselves. */
describe.each(METHODS)('a store whose %s', (method) => {
  it.each<[string, (lives: Promise<void>) => unknown]>([
    ['throws', () => fail()],
    ['rejects', () => Promise.reject(new Error('not today'))],
    ['never answers', (lives) => lives],
    ['returns nothing', () => undefined],
    ['resolves to nothing', () => Promise.resolve()],
    ['resolves to text', () => Promise.resolve('text')],
    ['resolves to an object', () => Promise.resolve({})],
  ])('%s leaves the server serving, and lets it close', async (_way, answer) => {
    let end!: () => void;
    const lives = new Promise<void>((resolve) => (end = resolve));
    let asked = 0;
    const store = new MemoryStore(new MemoryLedger());
    const ledger = createLedger(
      () =>
        Object.assign(store, {
          [method]: () => {
            asked++;
            return answer(lives);
          },
        }),
      OPTIONS,
    );
    const server = await startServer({ ...ledger, closeTimeout: 50, connectTimeout: 200 });
    // What goes on behind the end of the server ends with this.
    cleanup(() => {
      Reflect.deleteProperty(store, method);
      end();
    });
    const client = await connectClient(server.origin, { reconnection: true, reconnectionDelay: 10 });
    const [socket] = server.io.sockets.sockets.values();
    socket.data.name = 'Ada';
    server.io.emit('news');
    await socket.join('room');
    void server.io.timeout(50).fetchSockets().catch(ignore);
    const again = nextEvent(client, 'connect');
    client.io.engine.close();
    await again;

    expect((await fetch(`${server.url}?EIO=4&transport=polling`)).status).toBe(200);
    await until(() => asked > 0 || method === 'claim' || method === 'close', `${method} is called`);
    client.disconnect();
    await server.close();
  });
});

describe('a log into which others write', () => {
  it.each([
    'text',
    'null',
    '["/","x",1,null]',
    '["/","x",1]',
    '7',
    '["/","x",1,{"kind":"event"}]',
    '["/","x",1,{"kind":"event","rooms":[],"except":[]}]',
    '["/","x",1,{"kind":"join","rooms":"all"}]',
    '',
  ])('%j is passed over, counted and reported, and clients lack nothing', async (body) => {
    const shared = new MemoryLedger();
    const ledger = createLedger(() => new MemoryStore(shared), OPTIONS);
    const server = await startServer({ ...ledger, closeTimeout: 200 });
    const client = await connectClient(server.origin, { reconnection: true, reconnectionDelay: 10 });
    const heard: unknown[] = [];
    client.on('n', (n: unknown) => heard.push(n));
    server.io.emit('n', 1);
    await until(() => heard.length === 1);
    const again = nextEvent(client, 'connect');
    client.io.engine.close();
    shared.add(body);
    server.io.emit('n', 2);
    await again;
    shared.add(body);
    server.io.emit('n', 3);
    await until(() => heard.at(-1) === 3, 'the last number');

    expect([heard, client.recovered]).toEqual([[1, 2, 3], true]);
    expect(ledger.stats()[0].unreadable).toBe(2);
    expect(server.errors.map(String)).toEqual(Array(2).fill(expect.stringContaining('none that a server has written')));
  });

  it('serves a server that starts behind such an entry, and a client that comes back to it', async () => {
    const shared = new MemoryLedger();
    const [first, second] = [0, 1].map(() => createLedger(() => new MemoryStore(shared), OPTIONS));
    const one = await startServer({ ...first });
    const client = await connectClient(one.origin);
    const heard: unknown[] = [];
    client.on('n', (n: unknown) => heard.push(n));
    one.io.emit('n', 1);
    await until(() => heard.length === 1);
    client.io.engine.close();
    shared.add('text');
    one.io.emit('n', 2);
    await until(() => shared.log.length >= 3);
    const two = await startServer({ ...second });
    Object.assign(client.io, { uri: two.origin });
    client.connect();
    await until(() => heard.length === 2, 'the event behind the entry');
    expect([heard, client.recovered]).toEqual([[1, 2], true]);
  });
});

describe('messages of others to a server', () => {
  it.each([
    'text',
    'null',
    '[]',
    '["n",null]',
    '["n",{"kind":"ask","nsp":"/","id":"1","question":null}]',
    '["n",{"kind":"answer"}]',
    '["n",{"kind":"ack","id":"z","args":"zzz"}]',
    '["n",{"kind":"volatile","nsp":"/"}]',
    '["n",{"kind":"other"}]',
  ])('%s does not throw back into the store', async (message) => {
    let receive: ((text: string) => void) | undefined;
    class OpenStore extends MemoryStore {
      override open(...[node, given]: Parameters<LedgerStore['open']>): ReturnType<LedgerStore['open']> {
        receive = given;
        return super.open(node, given);
      }
    }
    const server = await startServer({ ...createLedger(() => new OpenStore(new MemoryLedger()), OPTIONS) });
    const client = await connectClient(server.origin);
    await until(() => receive !== undefined);
    expect(() => receive!(message)).not.toThrow();
    const heard = nextEvent(client, 'still here');
    server.io.emit('still here');
    await heard;
  });
});

function fail(): never {
  throw new Error('not today');
}

function ignore(): void {}
