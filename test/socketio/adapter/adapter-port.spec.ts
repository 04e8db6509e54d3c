import { EventEmitter } from 'node:events';
import { TimerWheel } from '../../../src/common/timer-wheel.js';
import { AdapterPort } from '../../../src/socketio/adapter/adapter-port.js';
import type { Adapter } from '../../../src/socketio/index.js';

const { jest } = import.meta;

const NOBODY = { rooms: new Set<string>(), except: new Set<string>(), flags: {} };

class Mute extends EventEmitter {
  fetchSockets = forever;
  serverCount = forever;
  sockets = forever;
}

describe('a question that an adapter never answers', () => {
  it.each<[string, (port: AdapterPort) => Promise<unknown>]>([
    ['fetchSockets', (port) => port.fetchSockets(NOBODY)],
    ['serverCount', (port) => port.serverCount()],
    ['sockets', (port) => port.sockets(new Set())],
  ])('rejects for %s after 30 s, and reports nothing', async (_name, ask) => {
    const { port, wheel, errors } = portOf(new Mute());
    const schedule = jest.spyOn(wheel, 'schedule').mockImplementation((entry) => setImmediate(() => entry.onTimer()));

    await expect(ask(port)).rejects.toThrow('Mute did not answer in time');

    expect(schedule).toHaveBeenCalledWith(expect.anything(), 30_000);
    expect(errors).toEqual([]);
  });

  it('holds no timer once it is answered', async () => {
    const adapter = Object.assign(new Mute(), { serverCount: () => Promise.resolve(3) });
    const { port, wheel } = portOf(adapter as unknown as Mute);

    expect(await port.serverCount()).toBe(3);

    expect(wheel.size).toBe(0);
  });
});

function portOf(adapter: Mute) {
  const errors: unknown[] = [];
  const wheel = new TimerWheel();
  const onForeignError = (error: unknown): void => void errors.push(error);
  return { port: new AdapterPort({ adapter: adapter as unknown as Adapter, wheel, onForeignError }), wheel, errors };
}

function forever(): Promise<never> {
  return new Promise(() => {});
}
