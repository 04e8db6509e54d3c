/** The offset of connection state recovery is for the client alone: it reaches no listener of a test, and no handler. */
import { Ack, Args, Gateway, HandshakeAuth, OnConnect, OnEvent, OnHandshake, Websocket } from '../../src/index.js';
import { memoryLedger } from '../../src/ledger/index.js';
import { Server } from '../../src/server.js';
import { closeTestClients, createTestClient, nextEvent } from '../../src/testing/index.js';
import { cleanup } from '../support/cleanup.js';
import { until } from '../support/until.js';
import { createApp, onlySocket } from '../nest/support/start-app.js';

const SETTINGS = [
  ['the adapter in memory', { connectionStateRecovery: {} }],
  ['a ledger', { ledger: memoryLedger() }],
] as const;

afterEach(() => closeTestClients());

describe.each(SETTINGS)('with recovery by %s', (_name, options) => {
  it('a test client and nextEvent() get the arguments alone, and the client comes back with the offset', async () => {
    const handled: unknown[] = [];

    @Gateway('/news')
    class NewsGateway {
      @OnHandshake()
      check(@HandshakeAuth() auth: unknown): void {
        handled.push(auth);
      }

      @OnConnect()
      joined(socket: { onAnyOutgoing(listener: (...args: unknown[]) => void): void }): void {
        socket.onAnyOutgoing((...args) => handled.push(args));
      }

      @Ack('echo')
      echo(@Args() args: unknown[]): unknown {
        return args;
      }

      @OnEvent('told')
      told(@Args() args: unknown[]): void {
        handled.push(args);
      }
    }
    const app = await createApp({ providers: [NewsGateway], options });
    const client = await createTestClient(app, { namespace: '/news', auth: { name: 'Ada' }, reconnectionDelay: 1 });
    const heard: unknown[][] = [];
    client.on('said', (...args: unknown[]) => {
      heard.push(args);
      client.emit('told', ...args);
    });
    client.onAny((...args: unknown[]) => heard.push(args));
    const news = app.get(Websocket).of('/news');
    news.emit('said', 'one', '2024-12', '1-2');
    expect(await nextEvent(client, 'said')).toEqual(['one', '2024-12', '1-2']);
    news.emit('said');
    expect(await nextEvent(client, 'said')).toEqual([]);
    const socket = await onlySocket(app.get(Websocket), '/news');
    socket.emit('said', { to: 'one' });
    expect(await nextEvent(client, 'said')).toEqual([{ to: 'one' }]);
    news.volatile.emit('said', 'two');
    expect(await nextEvent(client, 'said')).toEqual(['two']);
    expect(await client.emitWithAck('echo', 'a', 'b')).toEqual(['a', 'b']);
    const said = [['one', '2024-12', '1-2'], [], [{ to: 'one' }], ['two']];
    expect(heard).toEqual(said.flatMap((args) => [['said', ...args], args]));
    await until(() => handled.filter((args) => Array.isArray(args) && args[0] !== 'said').length === 4, 'all are told');
    expect(handled.filter((args) => !Array.isArray(args))).toEqual([{ name: 'Ada' }]);
    expect(handled.filter((args) => Array.isArray(args) && args[0] !== 'said')).toEqual(said);

    client.io.engine.close();
    const back = new Promise((resolve) => client.once('connect', () => resolve(client.recovered)));
    news.emit('said', 'meanwhile');
    client.connect();
    expect(await back).toBe(true);
    expect(await nextEvent(client, 'said')).toEqual(['meanwhile']);
    expect(handled.at(-1)).toBeDefined();
    expect(JSON.stringify(handled)).not.toMatch(/offset|pid/);
  });
});

it('the same holds for a Server', async () => {
  const io = new Server({ connectionStateRecovery: {} });
  cleanup(() => io.close());
  const client = await createTestClient(io);
  io.emit('said', 'one');
  expect(await nextEvent(client, 'said')).toEqual(['one']);
});
