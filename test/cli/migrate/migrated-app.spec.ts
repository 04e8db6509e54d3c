/** A project is migrated by the command, compiled, started, and talked to by the official client. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { promisify } from 'node:util';
import { cleanup } from '../../support/cleanup.js';
import { connectClient, createClient } from '../../support/nest-app.js';
import { buildPackage } from '../../support/sample.js';
import { nextEvent, within } from '../../support/until.js';
import { copyFixture } from './support/project.js';

const { jest } = import.meta;
const root = path.join(import.meta.dirname, '../../..');
const run = promisify(execFile);

jest.setTimeout(120_000);

/** The command as it is installed. */
async function command(folder: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [path.join(root, 'dist/esm/cli/main.js'), 'migrate', ...args], {
    cwd: folder,
  });
  return stdout;
}

async function start(folder: string): Promise<string> {
  const child = spawn(process.execPath, ['dist/main.js'], {
    cwd: folder,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  cleanup(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  const address = new Promise<string>((resolve, reject) => {
    let output = '';
    const read = (text: string): void => {
      output += text;
      const found = /listening on (http:\S+:\d+)\s/.exec(output);
      if (found !== null) resolve(found[1]);
    };
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.setEncoding('utf8').on('data', read);
    child.once('close', () => reject(new Error(`The application ended:\n${output}`)));
  });
  return within(address, 'the application to listen', 20_000);
}

/** What a client is told that is not let in. */
async function refusal(url: string, options: Parameters<typeof createClient>[1]): Promise<string> {
  const client = createClient(url, options);
  client.once('connect', () => {
    throw new Error('connected');
  });
  const refused = nextEvent(client, 'connect_error');
  client.connect();
  const [error] = (await refused) as [Error];
  return error.message;
}

it('turns a project into one that runs on the module, with every check that it had', async () => {
  await buildPackage();
  const folder = copyFixture('chat');
  expect(await command(folder)).toContain('Nothing is written.');
  expect(await command(folder, '--write')).toContain('Migrated');
  // What is left is reported again, and nothing is changed.
  const again = await command(folder);
  expect(again).not.toContain('+++');
  expect(again).toContain('FeedGateway: count() returns an Observable');
  await run(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', folder]);
  const url = await start(folder);

  // The check of `handleConnection`, of `afterInit`, and of a service that `handleConnection` calls.
  expect(await refusal(`${url}/chat`, { auth: { token: 'bad' } })).toEqual(expect.any(String));
  expect(await refusal(`${url}/chat`, { auth: { token: 'token-ada' }, query: { banned: 1 } })).toBe('Banned');
  expect(await refusal(url, {})).toBe('No token');
  expect(await refusal(url, { auth: { token: 'any' }, query: { secret: 1 } })).toEqual(expect.any(String));

  const ada = await connectClient(`${url}/chat`, { auth: { token: 'token-ada' } });
  const bob = await connectClient(`${url}/chat`, { auth: { token: 'token-bob' } });
  expect(await ada.emitWithAck('join', { room: 'lobby' })).toEqual(['everyone', ada.id, 'lobby']);
  const joined = nextEvent(ada, 'joined');
  await bob.emitWithAck('join', { room: 'lobby' });
  expect(await joined).toEqual(['bob']);
  const said = nextEvent(bob, 'said');
  ada.emit('say', { room: 'lobby', text: 'hello' });
  expect(await said).toEqual(['ada', 'hello']);
  // The guard of the method.
  const exception = nextEvent(ada, 'exception');
  ada.emit('say', { room: 'elsewhere', text: 'hello' });
  expect(await exception).toEqual([expect.objectContaining({ status: 'error', message: 'Forbidden resource' })]);
  const echo = nextEvent(ada, 'echo');
  ada.emit('echo', 'once more');
  expect(await echo).toEqual(['once more']);

  // The guard of the class, which is on its methods now.
  const watcher = await connectClient(url, { auth: { token: 'any' } });
  expect(await watcher.emitWithAck('online', { room: 'none' })).toMatchObject({ message: 'Forbidden resource' });
  expect(await watcher.emitWithAck('online', { room: watcher.id })).toBe(1);

  // The class that was left, with the check in its `handleConnection`.
  const stranger = createClient(`${url}/feed`);
  const gone = nextEvent(stranger, 'disconnect');
  stranger.connect();
  expect(await gone).toEqual(['io server disconnect', undefined]);
  const reader = await connectClient(`${url}/feed`, { auth: { name: 'Carol' } });
  const number = nextEvent(reader, 'number');
  reader.emit('count', 1);
  expect(await number).toEqual([1]);
  expect(await reader.emitWithAck('who')).toBe('Carol');
});
