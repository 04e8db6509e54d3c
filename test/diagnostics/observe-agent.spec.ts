import { buildPackage } from '../support/sample.js';
import { runFixture } from './support/run-fixture.js';

describe('@nestjs/observe', () => {
  beforeAll(() => buildPackage(), 120_000);

  it.each([
    ['singletons', []],
    ['gateways with a scope', ['scoped']],
  ])('records the same calls of %s on IoAdapter, on SocketIoAdapter and with the module', async (_name, args) => {
    const [official, adapter, module] = await Promise.all(
      ['io', 'adapter', 'module'].map((kind) => runFixture('observed.mjs', kind, ...args)),
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
