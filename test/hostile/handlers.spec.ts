import { EventEmitter } from 'node:events';
import { AckError, type Socket } from '../../src/socketio/index.js';
import { TRANSPORTS } from '../support/peer.js';
import { until } from '../support/until.js';
import { withBystander, type Scene } from './support/with-bystander.js';

type Ack = (...values: unknown[]) => void;

const FAILED = '[{"status":"error","message":"Internal server error","code":"INTERNAL_ERROR"}]';

/** Handlers of an event that asks for an ack, what the client is told, and what is reported. */
const HANDLERS: [string, (ack: Ack) => unknown, string, number][] = [
  [
    'sio#781: throws',
    () => {
      throw new Error('secret');
    },
    FAILED,
    1,
  ],
  [
    'throws undefined',
    () => {
      throw undefined;
    },
    FAILED,
    1,
  ],
  ['nest#2115: rejects', () => Promise.reject(new Error('secret')), FAILED, 1],
  ['rejects with null', () => Promise.reject(null), FAILED, 1],
  [
    'acks and throws',
    (ack) => {
      ack('first');
      throw new Error('secret');
    },
    '["first"]',
    1,
  ],
  [
    'acks and rejects',
    async (ack) => {
      ack('first');
      throw new Error('secret');
    },
    '["first"]',
    1,
  ],
  [
    'acks a hundred times',
    (ack) => {
      for (let i = 0; i < 100; i++) ack('first');
    },
    '["first"]',
    0,
  ],
  [
    'acks in a later turn, and again',
    (ack) => {
      setImmediate(() => ack('first'));
      setImmediate(() => ack('second'));
    },
    '["first"]',
    0,
  ],
  [
    'acks with what JSON has no form for',
    (ack) => {
      const cycle: Record<string, unknown> = {};
      cycle.self = cycle;
      ack(cycle);
    },
    FAILED,
    1,
  ],
];

describe.each(TRANSPORTS)('handlers, over %s', (transport) => {
  it.each(HANDLERS)(
    'one that %s: the ack is settled once, the error reported, the server alive',
    (_what, handler, ack, reported) =>
      withBystander(async (scene) => {
        listen(scene, (_socket, done) => handler(done));
        const peer = await scene.joined(transport);

        await peer.send('427["hostile"]', '42["echo","behind"]');

        const packets = [await peer.next()];
        packets.push(await peer.next());
        expect(packets.sort()).toEqual(['42["echo","behind"]', `437${ack}`]);
        await until(() => scene.server.errors.length >= reported, 'the error is reported');
        expect(scene.takeReported()).toHaveLength(reported);
      }),
  );
});

describe('acks', () => {
  it('sio#781: those that are answered twice, or without having been asked for, are taken once', () =>
    withBystander(async (scene) => {
      const answers: unknown[][] = [];
      listen(scene, (socket) => void socket.emit('question', (...args: unknown[]) => answers.push(args)));
      const peer = await scene.joined('websocket');

      await peer.send('42["hostile"]');
      expect(await peer.next()).toBe('420["question"]');
      await peer.send('430[1]', '430[2]', '431[3]', '42["echo"]');
      await peer.next();

      expect(answers).toEqual([[1]]);
    }));

  it('those that never come are freed at the timeout and at the disconnect', () =>
    withBystander(
      async (scene) => {
        const errors: unknown[] = [];
        listen(scene, (socket) => {
          for (let i = 0; i < 500; i++) {
            socket.emit('plain', () => {});
            socket.emitWithAck('promised').catch((error: unknown) => errors.push(error));
            socket.timeout(i % 2 === 0 ? 50 : 60_000).emit('timed', (error: unknown) => errors.push(error));
          }
        });
        const peer = await scene.joined('websocket');
        const socket = [...scene.server.io.sockets.sockets.values()].at(-1)!;

        await peer.send('42["hostile"]');
        await until(() => errors.length === 750, 'what has a short timeout is over');
        expect(socket.acks.size).toBe(250);
        await peer.leave();

        await until(() => errors.length === 1_000, 'the rest is over with the socket');
        expect(errors.every((error) => error instanceof AckError)).toBe(true);
        expect(socket.acks.size).toBe(0);
      },
      { ackTimeout: 80 },
    ));
});

describe('handlers that never settle', () => {
  it('hold up nobody, and keep nothing of a socket that has left', () =>
    withBystander(async (scene) => {
      const never = new Promise(() => {});
      listen(scene, () => never);
      const peer = await scene.joined('websocket');

      await peer.send(...Array.from({ length: 500 }, (_, i) => `42${i}["hostile"]`), '42["echo"]');

      expect(await peer.next()).toBe('42["echo"]');
    }));
});

describe('listeners of the server that throw', () => {
  it.each(['connection', 'disconnect', 'disconnecting'])(
    'a listener of %s is reported, and ends nobody else',
    (event) =>
      withBystander(async (scene) => {
        const fail = (): never => {
          throw new Error('of the listener');
        };
        const { io } = scene.server;
        const onConnection = event === 'connection' ? fail : (socket: EventEmitter) => void socket.on(event, fail);
        io.on('connection', onConnection as never);
        const peer = await scene.joined('websocket');

        await peer.send('42["echo"]');
        expect(await peer.next()).toBe('42["echo"]');
        await peer.leave();
        await until(() => scene.server.errors.length > 0, 'the error is reported');

        io.off('connection', onConnection as never);
        expect(scene.takeReported()).toMatchObject([{ message: 'of the listener' }]);
      }),
  );

  it('a middleware that throws or rejects refuses its client', () =>
    withBystander(async (scene) => {
      const { io } = scene.server;
      let fails: () => unknown = () => {};
      io.of('/').use(((_socket: unknown, next: () => void) => {
        const failed = fails();
        if (failed === undefined) next();
        return failed;
      }) as never);

      for (const how of [() => Promise.reject(new Error('secret')), throwSecret]) {
        fails = how;
        const peer = await scene.peer('websocket');
        await peer.send('40');
        const reply = (await peer.next()) as string;
        expect(reply).toMatch(/^44\{"message":/);
        expect(reply).not.toContain('secret');
      }
      scene.takeReported();
      fails = () => {};
    }));
});

/** `hostile` is handled like this on every socket that comes from now on. */
function listen({ server }: Scene, handler: (socket: Socket, ack: Ack) => unknown): void {
  server.io.once('connection', (socket: Socket) => {
    socket.on('hostile', (...args: unknown[]) => handler(socket, args.at(-1) as Ack));
  });
}

function throwSecret(): never {
  throw new Error('secret');
}
