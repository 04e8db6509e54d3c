import { MemoryAdapter, type AdapterConstructor } from '../../../src/socketio/index.js';
import { startServer } from '../../support/server.js';
import { until } from '../../support/until.js';

describe('Server#adapter', () => {
  /** A class of adapters that notes what happens to each of them. */
  function traced(name: string, log: string[], close: () => Promise<void> | void = () => {}): AdapterConstructor {
    return class extends MemoryAdapter {
      override init(): void {
        log.push(`${name}${this.nsp.name} opens`);
      }

      override close(): Promise<void> | void {
        log.push(`${name}${this.nsp.name} closes`);
        return close();
      }
    } as unknown as AdapterConstructor;
  }

  it('closes the adapters that it replaces, each before the new one opens', async () => {
    const log: string[] = [];
    const { io } = await startServer({ adapter: traced('a', log) });
    io.of('/chat');
    io.adapter(traced('b', log));
    expect(log).toEqual(['a/ opens', 'a/chat opens', 'a/ closes', 'b/ opens', 'a/chat closes', 'b/chat opens']);
  });

  it('leaves the adapters alone where they are of this class already', async () => {
    const log: string[] = [];
    const adapter = traced('a', log);
    const { io } = await startServer({ adapter });
    const before = io.of('/').adapter;
    io.adapter(adapter);
    expect(io.of('/').adapter).toBe(before);
    expect(log).toEqual(['a/ opens']);
  });

  it('reports an adapter that cannot be closed, and goes on with the new one', async () => {
    const log: string[] = [];
    const failures = [
      () => Promise.reject(new Error('later')),
      () => {
        throw new Error('at once');
      },
    ];
    const { io, errors } = await startServer({ adapter: traced('a', log, failures[0]) });
    io.adapter(traced('b', log, failures[1])).adapter(traced('c', log));
    await until(() => errors.length === 2);
    expect(errors.map(String).sort()).toEqual(['Error: at once', 'Error: later']);
    expect(log.at(-1)).toBe('c/ opens');
  });

  it('disturbs nobody at the start, where the default adapter is replaced', async () => {
    const log: string[] = [];
    const { io, errors } = await startServer();
    io.adapter(traced('a', log));
    expect([log, errors]).toEqual([['a/ opens'], []]);
  });
});
