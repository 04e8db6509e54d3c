import { MemoryAdapter, type AdapterConstructor } from '../../../src/socketio/index.js';
import { connectClient } from '../../support/official-client.js';
import { startServer } from '../../support/server.js';
import { nextEvent, until } from '../../support/until.js';

const FAILURE = new Error('no broker');

describe.each(['throws', 'rejects'] as const)('an adapter that %s', (way) => {
  const fail = (): Promise<never> => {
    if (way === 'throws') throw FAILURE;
    return Promise.reject(FAILURE);
  };
  const failing = (...methods: (keyof MemoryAdapter)[]): AdapterConstructor => {
    class Failing extends MemoryAdapter {}
    for (const method of methods) Object.defineProperty(Failing.prototype, method, { value: fail });
    return Failing as unknown as AdapterConstructor;
  };

  it('for a question tells the one who asked, and no one else', async () => {
    const { io, errors } = await startServer({ adapter: failing('fetchSockets', 'sockets', 'serverCount') });
    await expect(io.fetchSockets()).rejects.toBe(FAILURE);
    await expect(io.allSockets()).rejects.toBe(FAILURE);
    await expect(io.timeout(20).emitWithAck('ask')).rejects.toMatchObject({ code: 'ACK_TIMEOUT' });
    expect(errors).toEqual([]);
  });

  it('for an order tells onError too, since few await it', async () => {
    const { io, errors } = await startServer({ adapter: failing('addSockets', 'delSockets', 'disconnectSockets') });
    void io.socketsJoin('a');
    void io.socketsLeave('a');
    void io.disconnectSockets();
    await until(() => errors.length === 3);
    await expect(io.socketsJoin('a')).rejects.toBe(FAILURE);
    expect(errors).toEqual([FAILURE, FAILURE, FAILURE, FAILURE]);
  });

  it('for word to other servers tells onError, and keeps nothing from happening here', async () => {
    const presence = { heartbeatInterval: 50 };
    const { io, origin, errors } = await startServer({ adapter: failing('serverSideEmit'), presence });
    io.use((socket, next) => {
      socket.identify('ada');
      next();
    });
    const client = await connectClient(origin);
    const left = nextEvent(client, 'disconnect');
    await io.user('ada').disconnect();
    await left;
    const told = errors.length;
    await until(() => errors.length > told + 1, 'further heartbeats');
    expect(new Set(errors)).toEqual(new Set([FAILURE]));
  });
});
