import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildSamples } from '../support/sample.js';

const FIXTURE = path.join(import.meta.dirname, 'fixtures/legacy-spans.cjs');

async function spansOf(server: 'official' | 'ours'): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [FIXTURE, server]);
  return JSON.parse(stdout) as string[];
}

describe('SocketIoInstrumentation with legacyAttributes', () => {
  beforeAll(() => buildSamples(), 120_000);

  it('writes the spans of the official instrumentation on the official server, rooms and errors included', async () => {
    const [official, ours] = await Promise.all([spansOf('official'), spansOf('ours')]);
    expect(official).toHaveLength(34);
    expect(ours).toEqual(official);
  });
});
