import { buildPackage } from '../support/sample.js';
import { runFixture } from './support/run-fixture.js';

describe('SocketIoInstrumentation with legacyAttributes', () => {
  beforeAll(() => buildPackage(), 120_000);

  it('writes the spans of the official instrumentation on the official server, rooms and errors included', async () => {
    const [official, ours] = await Promise.all(
      ['official', 'ours'].map((server) => runFixture<string[]>('legacy-spans.cjs', server)),
    );
    expect(official).toHaveLength(34);
    expect(ours).toEqual(official);
  });
});
