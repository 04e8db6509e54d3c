import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildSamples } from '../support/sample.js';

const FIXTURE = path.join(import.meta.dirname, 'fixtures/observed.mjs');

/** What `@nestjs/observe` records of the same script, over a server of its own process. */
async function recorded(...args: string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [FIXTURE, ...args]);
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

describe('@nestjs/observe', () => {
  beforeAll(() => buildSamples(), 120_000);

  it.each([
    ['singletons', []],
    ['gateways with a scope', ['scoped']],
  ])('records the same calls of %s on IoAdapter, on SocketIoAdapter and with the module', async (_name, args) => {
    const [official, adapter, module] = await Promise.all(
      ['io', 'adapter', 'module'].map((kind) => recorded(kind, ...args)),
    );
    expect(official).toMatchObject({
      answers: [2, 4],
      recorded: [
        { operationId: 'ChatGateway:sync', traces: [{ name: 'ChatGateway.sync', children: [{}] }] },
        { operationId: 'ChatGateway:later', traces: [{ name: 'ChatGateway.later', children: [{}] }] },
        { operationId: 'ChatGateway:fail', error: 'no', traces: [{ name: 'ChatGateway.fail' }] },
        { operationId: 'ChatGateway:heard', traces: [{ name: 'ChatGateway.heard', children: [{}] }] },
      ],
    });
    expect(adapter).toEqual(official);
    expect(module).toEqual(official);
  });
});
