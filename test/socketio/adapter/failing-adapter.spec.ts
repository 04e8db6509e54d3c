import { MemoryAdapter, type AdapterConstructor } from '../../../src/socketio/index.js';
import { startServer } from '../../support/server.js';
import { until } from '../../support/until.js';

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
});
