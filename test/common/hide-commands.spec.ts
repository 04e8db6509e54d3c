import { createServer, type AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { hideCommands } from '../../src/common/hide-commands.js';
import { cleanup } from '../support/cleanup.js';

const SECRET = 'canary-5f0c';

/** What a command is refused with by a server that refuses every command. */
async function refusedCommand(): Promise<Error & { command: { name: string; args: string[] } }> {
  const server = createServer((socket) => socket.on('data', () => socket.write('-OOM no memory\r\n')));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const redis = new Redis({
    port,
    host: '127.0.0.1',
    enableReadyCheck: false,
    disableClientInfo: true,
    retryStrategy: () => null,
  });
  redis.on('error', () => {});
  cleanup(async () => {
    redis.disconnect();
    await new Promise((resolve) => server.close(resolve));
  });
  return redis.publish('news', SECRET).then(
    () => Promise.reject(new Error('the command succeeded')),
    (error: unknown) => error as never,
  );
}

describe('hideCommands', () => {
  it('prints the name of a command of ioredis without its arguments, which stay on the error', async () => {
    const error = await refusedCommand();
    expect(inspect(error)).toContain(SECRET);
    hideCommands(error);
    expect(inspect(error)).toMatch(/ReplyError: OOM no memory[^]*command: publish/);
    expect(inspect(error)).not.toContain(SECRET);
    expect(error.command).toEqual({ name: 'publish', args: ['news', SECRET] });
  });

  it('does so for causes and for the parts of an AggregateError', async () => {
    const outer = new Error('outer', { cause: await refusedCommand() });
    const all = new AggregateError([new Error('one'), outer], 'all');
    hideCommands(all);
    expect(inspect(all, { depth: 9 })).toContain('command: publish');
    expect(inspect(all, { depth: 9 })).not.toContain(SECRET);
  });

  it('leaves everything else alone, a cause of itself included', () => {
    const error = Object.assign(new Error('x'), { command: 'rm', query: 'SELECT 1' });
    error.cause = error;
    const before = inspect(error);
    for (const value of [error, null, undefined, 'text', Object.freeze({ command: { args: [] } })]) hideCommands(value);
    expect(inspect(error)).toBe(before);
  });
});
