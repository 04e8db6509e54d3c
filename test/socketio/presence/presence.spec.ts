import { TimerWheel } from '../../../src/common/timer-wheel.js';
import { OptionError, Server, type PresenceChange, type Socket } from '../../../src/socketio/index.js';
import { Presence, type PresenceMessage } from '../../../src/socketio/presence/presence.js';
import { formatScope } from '../../../src/socketio/presence/presence-table.js';
import { presenceContract } from '../../contract/presence.contract.js';
import { overBus, overMemoryLedger } from '../../ecosystem/support/memory-adapters.js';
import { cleanup } from '../../support/cleanup.js';
import { connectClient } from '../../support/official-client.js';
import { startServer } from '../../support/server.js';
import { nextEvent, until } from '../../support/until.js';

describe('presence on one server, without a store', () => {
  presenceContract(() => () => undefined as never, { servers: 1 });
});

describe('presence over the base of published adapters', () => {
  presenceContract(overBus, { servers: 3 });
});

describe('presence over a ledger', () => {
  presenceContract(overMemoryLedger, { servers: 3 });
});

describe('the option presence', () => {
  it('is off unless it is set, and says so', () => {
    expect(() => new Server().presence()).toThrow('set the option "presence"');
  });

  it.each([
    [{ presence: 1 }, 'presence'],
    [{ presence: { key: 'user' } }, 'presence.key'],
    [{ presence: { rooms: [1] } }, 'presence.rooms'],
    [{ presence: { gracePeriod: -1 } }, 'presence.gracePeriod'],
    [{ presence: { heartbeatInterval: 49 } }, 'presence.heartbeatInterval'],
    [{ presence: { onChange: {} } }, 'presence.onChange'],
    [{ presence: { graceMs: 1 } }, 'presence.graceMs'],
  ])('refuses %j', (options, name) => {
    expect(() => new Server(options as never)).toThrow(OptionError);
    expect(() => new Server(options as never)).toThrow(`Invalid option "${name}"`);
  });

  it('takes its bounds', () => {
    const io = new Server({ presence: { gracePeriod: 0, heartbeatInterval: 50 } });
    cleanup(() => io.close());
    expect(io.presence().count()).toBe(0);
  });

  it('counts by the key that it is given, and reports one that fails', async () => {
    const changes: PresenceChange[] = [];
    let fails = false;
    const server = await startServer({
      presence: {
        key: (socket: Socket) => {
          if (fails) throw new Error('no key');
          return socket.data.name as string | undefined;
        },
        gracePeriod: 20,
        onChange: (change) => changes.push(change),
      },
    });
    server.io.use((socket, next) => {
      socket.data.name = socket.handshake.auth.name as string;
      next();
    });
    const client = await connectClient(server.origin, { auth: { name: 'ada' } });
    await until(() => server.io.presence().has('ada'));
    await connectClient(server.origin);
    expect(server.io.presence().count()).toBe(1);
    fails = true;
    await connectClient(server.origin);
    expect(server.errors).toEqual([new Error('no key')]);
    client.disconnect();
    await until(() => changes.length === 2);
    expect(changes.map(({ state }) => state)).toEqual(['online', 'offline']);
  });

  it('counts a socket for another user once it is identified as that', async () => {
    const server = await startServer({ presence: { gracePeriod: 0 } });
    const connection = nextEvent(server.io, 'connection') as Promise<[Socket]>;
    await connectClient(server.origin);
    const [socket] = await connection;
    socket.identify('ada');
    expect(server.io.presence().list()).toEqual([{ key: 'ada', sockets: [socket.id] }]);
    socket.identify('bob');
    await until(() => server.io.presence().count() === 1);
    expect(server.io.presence().list()).toEqual([{ key: 'bob', sockets: [socket.id] }]);
  });

  it('keeps announcing where a listener throws', async () => {
    let heard = 0;
    const onChange = (): void => {
      heard++;
      throw new Error('listener');
    };
    const server = await startServer({ presence: { onChange } });
    server.io.use((socket, next) => {
      socket.identify(socket.handshake.auth.name as string);
      next();
    });
    for (const name of ['ada', 'bob']) await connectClient(server.origin, { auth: { name } });
    await until(() => heard === 2);
    expect(server.errors).toEqual([new Error('listener'), new Error('listener')]);
  });

  it('announces who connects right behind work that has held up the process', async () => {
    const changes: PresenceChange[] = [];
    const onChange = (change: PresenceChange): void => void changes.push(change);
    const server = await startServer({ presence: { heartbeatInterval: 50, onChange } });
    server.io.use((socket, next) => {
      block(500);
      socket.identify('ada');
      next();
    });
    await connectClient(server.origin);
    await until(() => changes.length === 1, 'it is announced');
    expect(changes).toMatchObject([{ key: 'ada', state: 'online' }]);
  });

  it('leaves no timer behind', async () => {
    const server = await startServer({ presence: true });
    await connectClient(server.origin);
    await server.close();
    await until(() => server.io.idleWheel.size === 0 && server.io.wheel.size === 0);
  });
});

describe('a process that was held up', () => {
  const SCOPE = { namespace: '/', room: undefined };
  const INTERVAL_MS = 200;

  it('counts as silent no server whose messages it had no time to read', async () => {
    const { presence, hear, beats } = await ready(Date.now() - 60_000);
    hear(1, ['all', [row('ada')], []]);
    const nextBeat = async (): Promise<void> => {
      const count = beats.length;
      await until(() => beats.length > count, 'its next beat');
    };
    await nextBeat();
    hear(1, ['beat', false]);
    // Longer than a server may be silent, shorter than what this server calls having stood still.
    block(2.2 * INTERVAL_MS);
    await nextBeat();
    expect(presence.socketsOf(SCOPE, 'ada')).toEqual(['ada-1']);
  });

  it('removes a server that stays silent', async () => {
    const { presence, hear } = await ready(Date.now() - 60_000);
    hear(1, ['all', [row('ada')], []]);
    await until(() => presence.socketsOf(SCOPE, 'ada').length === 0, 'it is gone');
  });

  it('forgets nobody whom it has announced by what another server sent before', async () => {
    const { presence, hear } = await ready(Date.now() + 60_000);
    hear(1, ['all', [row('ada')], []]);
    hear(2, ['change', [], [row('ada')]]);
    expect(presence.has(SCOPE, 'ada')).toBe(true);
    block(1.5 * INTERVAL_MS + 300);
    hear(2, ['all', [], []]);
    expect(presence.has(SCOPE, 'ada')).toBe(true);
  });

  it('still knows who has left when the leader tells what it knew before', async () => {
    const { presence, hear } = await ready(Date.now() - 60_000);
    hear(1, ['change', [row('ada')], []]);
    hear(2, ['change', [], [row('ada')]]);
    hear(2, ['all', [], []]);
    expect(presence.has(SCOPE, 'ada')).toBe(true);
  });

  /** A server that knows of one other, which is older or younger, and is ready. */
  async function ready(since: number) {
    const wheel = new TimerWheel();
    const beats: boolean[] = [];
    const presence = new Presence(
      { key: null, rooms: [], gracePeriod: 5_000, heartbeatInterval: INTERVAL_MS, onChange: null },
      {
        wheel,
        isAlone: () => false,
        tell: ([, , isReady, , [kind]]) => {
          if (kind === 'beat') beats.push(isReady);
        },
        reportError: (error) => {
          throw error;
        },
      },
    );
    cleanup(() => presence.close());
    const hear = (version: number, body: PresenceMessage[4]): void =>
      presence.receive(['other', since, true, version, body]);
    hear(0, ['all', [], []]);
    await until(() => {
      hear(0, ['beat', false]);
      return beats.at(-1) === true;
    }, 'it is ready');
    return { presence, hear, beats };
  }

  function row(key: string): [scope: string, key: string, id: string] {
    return [formatScope(SCOPE), key, `${key}-1`];
  }
});

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
