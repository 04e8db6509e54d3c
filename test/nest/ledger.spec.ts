import type { Socket } from 'socket.io-client';
import { Websocket } from '../../src/index.js';
import { memoryLedger } from '../../src/ledger/index.js';
import { resolveModuleOptions } from '../../src/nest/socket-io.options.js';
import { connectClient, startApp } from '../support/nest-app.js';
import { nextEvent } from '../support/until.js';

describe('the module option `ledger`', () => {
  it('makes applications one fleet, and its clients come back to any of them', async () => {
    const ledger = memoryLedger();
    const [a, b] = [await startApp([], { ledger }), await startApp([], { ledger })];
    const client = await connectClient(a.url);
    const heard = nextEvent(client, 'news');
    b.app.get(Websocket).emit('news', 1);
    expect((await heard)[0]).toBe(1);
    const { id } = client;

    client.io.engine.close();
    const missed = nextEvent(client, 'news');
    a.app.get(Websocket).emit('news', 2);
    await comeBack(client, b.url);
    expect([client.recovered, client.id, (await missed)[0]]).toEqual([true, id, 2]);
    expect(ledger.stats().map(({ nodes }) => nodes)).toEqual([2, 2]);
  });

  it.each([
    [{ ledger: {} }, 'ledger'],
    [{ ledger: memoryLedger(), connectionStateRecovery: {} }, 'connectionStateRecovery'],
    [{ ledger: memoryLedger(), adapter: memoryLedger().adapter }, 'adapter'],
  ])('refuses what is no ledger, and what it sets itself (%#)', (options, name) => {
    expect(() => resolveModuleOptions(options as never)).toThrow(`Invalid option "${name}"`);
  });
});

describe('the options of a ledger', () => {
  it.each([
    [{ name: 'a{b}' }, 'name'],
    [{ maxDisconnectionDuration: 999 }, 'maxDisconnectionDuration'],
    [{ heartbeatInterval: 49 }, 'heartbeatInterval'],
    [{ checkpointInterval: 9 }, 'checkpointInterval'],
    [{ maxStoreBytes: 0 }, 'maxStoreBytes'],
    [{ maxLogBytes: -1 }, 'maxLogBytes'],
    [{ maxSessionBytes: 0.5 }, 'maxSessionBytes'],
    [{ maxQueueBytes: '1' as never }, 'maxQueueBytes'],
    [{ maxQueueByte: 1 } as never, 'maxQueueByte'],
  ])('are checked: %j', (options, name) => {
    expect(() => memoryLedger(options)).toThrow(`Invalid option "${name}"`);
  });

  it('are accepted at their bounds', () => {
    const bounds = { name: 'x', maxDisconnectionDuration: 1_000, heartbeatInterval: 50, checkpointInterval: 10 };
    const sizes = { maxStoreBytes: 1, maxLogBytes: 0, maxSessionBytes: 0, maxQueueBytes: 0 };
    expect(memoryLedger({ ...bounds, ...sizes }).connectionStateRecovery.maxDisconnectionDuration).toBe(1_000);
  });
});

async function comeBack(client: Socket, url: string): Promise<void> {
  (client.io as unknown as { uri: string }).uri = url;
  if (client.connected) await nextEvent(client, 'disconnect');
  const connected = nextEvent(client, 'connect');
  client.connect();
  await connected;
}
