import { z } from 'zod';
import { defineContract, event } from '../../../src/contract/index.js';
import { AckError, Server, type SocketOf } from '../../../src/server.js';
import { closeTestClients, createTestClient } from '../../../src/testing/index.js';
import { cleanup } from '../../support/cleanup.js';
import { until } from '../../support/until.js';

const quiz = defineContract('/quiz', {
  in: {},
  out: {
    guess: event(z.string()).ack(z.string().transform(Number).pipe(z.number())),
    late: event().ack(z.number().refine(async (n) => n > 0, 'too small')),
    broken: event().ack({
      '~standard': {
        version: 1,
        vendor: 'broken',
        validate: () => {
          throw new Error('the schema is broken');
        },
      },
    }),
    stuck: event().ack({ '~standard': { version: 1, vendor: 'stuck', validate: () => new Promise<never>(() => {}) } }),
    trust: event().ack<number>(),
  },
});

async function start(...answers: unknown[]) {
  const errors: unknown[] = [];
  const server = new Server({ onError: (error) => errors.push(error) });
  cleanup(() => server.close());
  const namespace = server.of(quiz);
  for (const answer of answers) {
    const client = await createTestClient(server, quiz);
    for (const event of ['guess', 'late', 'broken', 'stuck', 'trust'] as const) {
      client.on(event as never, ((...args: unknown[]) => (args.at(-1) as (answer: unknown) => void)(answer)) as never);
    }
  }
  await until(() => namespace.sockets.size === answers.length, 'all are there');
  const [socket] = [...namespace.sockets.values()] as SocketOf<typeof quiz>[];
  return { namespace, socket, errors };
}

afterEach(() => closeTestClients());

describe('the ack of a client', () => {
  it('is what the schema returns', async () => {
    const { socket } = await start('42');
    expect(await socket.emitWithAck('guess', 'n')).toBe(42);
    expect(await new Promise((resolve) => socket.emit('guess', 'n', resolve))).toBe(42);
    expect(await new Promise((resolve) => socket.timeout(500).emit('guess', 'n', (_e, n) => resolve(n)))).toBe(42);
  });

  it('rejects with a code if it does not fit', async () => {
    const { socket } = await start(true);
    const error = await socket.emitWithAck('guess', 'n').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AckError);
    expect(error).toMatchObject({
      code: 'ACK_INVALID',
      message: expect.stringContaining('does not match its contract'),
    });
    const told = await new Promise((resolve) => socket.timeout(500).emit('guess', 'n', (e) => resolve(e)));
    expect(told).toMatchObject({ code: 'ACK_INVALID' });
    await expect(socket.emitWithAck('late')).rejects.toMatchObject({ code: 'ACK_INVALID' });
  });

  it('does not reach a callback that cannot be told of errors', async () => {
    const { socket } = await start(true);
    let calls = 0;
    socket.emit('guess', 'n', () => calls++);
    await expect(socket.emitWithAck('guess', 'n')).rejects.toThrow();
    expect(calls).toBe(0);
  });

  it('awaits asynchronous schemas', async () => {
    const { socket } = await start(3);
    expect(await socket.emitWithAck('late')).toBe(3);
  });

  it('does not fit if the schema throws, which is reported', async () => {
    const { socket, errors } = await start(3);
    await expect(socket.emitWithAck('broken')).rejects.toMatchObject({ code: 'ACK_INVALID' });
    expect(errors).toEqual([expect.objectContaining({ message: 'the schema is broken' })]);
  });

  it('times out if the schema never answers', async () => {
    const { namespace, socket } = await start(3);
    await expect(socket.timeout(50).emitWithAck('stuck')).rejects.toMatchObject({ code: 'ACK_TIMEOUT' });
    await expect(namespace.timeout(50).emitWithAck('stuck')).rejects.toMatchObject({ code: 'ACK_TIMEOUT' });
  });

  it('is passed on as it is if it is typed only', async () => {
    const { socket } = await start('anything');
    const answer: unknown = await socket.emitWithAck('trust');
    expect(answer).toBe('anything');
  });

  it('fails alone in a broadcast', async () => {
    const { namespace } = await start('1', true, '3');
    const answers = await namespace.timeout(1_000).emitWithAck('guess', 'n');
    expect([...answers].sort()).toEqual([1, 3]);
  });

  it('rejects for one socket of a query', async () => {
    const { namespace } = await start(true);
    const [remote] = await namespace.fetchSockets();
    await expect(remote.timeout(500).emitWithAck('guess', 'n')).rejects.toMatchObject({ code: 'ACK_INVALID' });
  });
});
