import { MODULE_DEFAULTS, type Socket } from '../../../src/socketio/index.js';
import { connectClient } from '../../support/official-client.js';
import { startServer, type RunningServer } from '../../support/server.js';
import { nextEvent, until } from '../../support/until.js';

describe('Socket#emit with a callback', () => {
  it('calls it with the answer of the client', async () => {
    const { client, socket } = await connected();
    client.on('add', (a: number, b: number, reply: (sum: number, note: string) => void) => reply(a + b, 'sum'));

    const answer = await new Promise((resolve) => socket.emit('add', 1, 2, (...args: unknown[]) => resolve(args)));

    expect(answer).toEqual([3, 'sum']);
  });

  it('calls it once, whatever the client answers besides [Q2]', async () => {
    const { client, socket } = await connected();
    client.on('twice', (reply: (value: number) => void) => {
      reply(1);
      client.io.engine.write('30[2]');
      client.emit('echo');
    });
    const answers: unknown[] = [];

    socket.emit('twice', (value: unknown) => answers.push(value));
    await nextEvent(client, 'echo');

    expect(answers).toEqual([1]);
  });

  it('frees a plain callback uncalled when the socket is disconnected', async () => {
    const { client, socket, server } = await connected();
    let calls = 0;
    socket.emit('never answered', () => calls++);
    expect(socket.acks.size).toBe(1);
    const gone = nextEvent(socket, 'disconnect');

    client.disconnect();
    await gone;

    expect([calls, socket.acks.size]).toEqual([0, 0]);
    await until(() => server.io.wheel.size === 0);
  });

  it('frees a plain callback uncalled after the default timeout, which never makes it err-first [Q4]', async () => {
    const { socket } = await connected({ ackTimeout: 30 });
    const calls: unknown[][] = [];

    socket.emit('never answered', (...args: unknown[]) => calls.push(args));
    await until(() => socket.acks.size === 0);

    expect(calls).toEqual([]);
  });

  it('outlives a callback that throws, at an answer, a timeout and a disconnect [Q11]', async () => {
    const { client, socket, server } = await connected();
    client.on('answered', (reply: () => void) => reply());
    const fail = (when: string) => (): never => {
      throw new Error(when);
    };
    const reject = (when: string) => async (): Promise<never> => fail(when)();
    const ended: string[] = [];
    socket.on('disconnect', () => ended.push('disconnect'));

    socket.emit('answered', fail('at the answer'));
    socket.emit('answered', reject('at the answer, later'));
    socket.timeout(1).emit('never', fail('at the timeout'));
    await until(() => server.errors.length === 3);
    socket.timeout(60_000).emit('never', fail('at the disconnect'));
    socket.disconnect();

    expect(server.errors.map(String).sort()).toEqual([
      'Error: at the answer',
      'Error: at the answer, later',
      'Error: at the disconnect',
      'Error: at the timeout',
    ]);
    expect(ended).toEqual(['disconnect']);
  });
});

describe('Socket#timeout', () => {
  it('gives the callback null first, then the answer', async () => {
    const { client, socket } = await connected();
    client.on('ask', (reply: (value: string) => void) => reply('yes'));

    const answer = await new Promise((resolve) => {
      socket.timeout(1000).emit('ask', (...args: unknown[]) => resolve(args));
    });

    expect(answer).toEqual([null, 'yes']);
  });

  it('gives the callback an error in time, and takes no answer after it [Q4, Q9]', async () => {
    const { client, socket } = await connected();
    const replies: (() => void)[] = [];
    client.on('ask', (reply: () => void) => void replies.push(reply));
    const answers: unknown[] = [];
    const started = performance.now();

    socket.timeout(40).emit('ask', (error: unknown) => answers.push(error));
    await until(() => answers.length > 0);
    expect(performance.now() - started).toBeGreaterThanOrEqual(38);
    replies[0]();
    client.emit('echo');
    await nextEvent(client, 'echo');

    expect(answers).toEqual([expect.objectContaining({ name: 'AckError', code: 'ACK_TIMEOUT' })]);
  });

  it('gives the callback an error when the socket is disconnected', async () => {
    const { client, socket, server } = await connected();
    const answered = new Promise((resolve) => socket.timeout(60_000).emit('ask', resolve));

    client.disconnect();

    expect(await answered).toMatchObject({ code: 'ACK_DISCONNECTED' });
    await until(() => server.io.wheel.size === 0);
  });

  it('counts for the next emit only', async () => {
    const { client, socket } = await connected();
    client.on('ask', (reply: (value: string) => void) => reply('yes'));
    socket.timeout(1000).emit('other');

    const answer = await new Promise((resolve) => socket.emit('ask', (...args: unknown[]) => resolve(args)));

    expect(answer).toEqual(['yes']);
  });
});

describe('Socket#emitWithAck', () => {
  it('resolves to the first value of the answer', async () => {
    const { client, socket } = await connected();
    client.on('ask', (bytes: Buffer, reply: (value: unknown, more: unknown) => void) => reply(bytes, 'more'));

    expect(await socket.emitWithAck('ask', Buffer.of(1, 2))).toEqual(Buffer.of(1, 2));
  });

  it('rejects with an AckError after the time of timeout() [limitation: ack errors]', async () => {
    const { socket } = await connected();
    await expect(socket.timeout(20).emitWithAck('never')).rejects.toMatchObject({
      name: 'AckError',
      code: 'ACK_TIMEOUT',
    });
  });

  it('rejects after the default timeout [Q4]', async () => {
    const { socket } = await connected({ ackTimeout: 20 });
    await expect(socket.emitWithAck('never')).rejects.toMatchObject({ code: 'ACK_TIMEOUT' });
  });

  it.each(['before it asks', 'while it waits'])(
    'rejects where the socket is disconnected %s [limitation: ack errors]',
    async (when) => {
      const { socket } = await connected();
      if (when === 'before it asks') socket.disconnect();
      const asked = socket.emitWithAck('never');
      socket.disconnect();

      await expect(asked).rejects.toMatchObject({ name: 'AckError', code: 'ACK_DISCONNECTED' });
      expect(socket.acks.size).toBe(0);
    },
  );

  it('rejects at once for a reserved name [Q7]', async () => {
    const { socket } = await connected();
    expect(() => socket.emitWithAck('disconnect')).toThrow('"disconnect" is a reserved event name');
  });
});

describe('an ack that the client asks for', () => {
  it('comes once, whatever the listeners do [K5]', async () => {
    const { client, socket } = await connected();
    socket.on('ask', (reply) => {
      reply(1);
      reply(2);
    });
    socket.on('ask', (reply) => reply(3));

    expect(await client.emitWithAck('ask')).toBe(1);
  });

  it('goes nowhere once the socket is disconnected [K4]', async () => {
    const { client, socket, server } = await connected();
    const replies: ((value: number) => void)[] = [];
    socket.on('ask', (reply) => void replies.push(reply));
    client.emit('ask', () => {});
    await until(() => replies.length > 0);

    socket.disconnect();
    replies[0](1);

    expect(server.errors).toEqual([]);
  });

  it.each([true, false])('is settled where nobody listens, if settleAcks says so: %p [K7]', async (settles) => {
    const { client } = await connected({ settleAcks: settles });

    const asked = client.timeout(settles ? 3000 : 40).emitWithAck('unknown');

    if (settles) expect(await asked).toMatchObject({ status: 'error', code: 'UNKNOWN_EVENT' });
    else await expect(asked).rejects.toThrow('timed out');
  });

  it.each(['throws', 'rejects'])('says nothing of the inside where a listener %s', async (how) => {
    const { client, socket, server } = await connected({}, MODULE_DEFAULTS);
    socket.on('ask', (() => {
      if (how === 'throws') throw new Error('password');
      return Promise.reject(new Error('password'));
    }) as () => void);

    const answer: unknown = await client.emitWithAck('ask');

    expect(answer).toEqual({ status: 'error', message: 'Internal server error', code: 'INTERNAL_ERROR' });
    expect(server.errors.map(String)).toEqual(['Error: password']);
  });
});

async function connected(options: Parameters<typeof startServer>[0] = {}, defaults?: typeof MODULE_DEFAULTS) {
  const server: RunningServer = await startServer(options, defaults);
  const joined = nextEvent(server.io, 'connection');
  const client = await connectClient(server.origin);
  const [socket] = (await joined) as [Socket];
  return { server, client, socket };
}
