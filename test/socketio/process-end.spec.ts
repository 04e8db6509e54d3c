/** A server alone is no reason for a process to go on: what listens or is connected is. Needs a build. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildPackage } from '../support/sample.js';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** Ends as the process does, which is not killed for a time that no test waits for. */
async function run(options: string, then = ''): Promise<string> {
  const program = `
    import { Server } from './dist/esm/server.js';
    import { memoryLedger } from './dist/esm/ledger/index.js';
    const server = new Server(${options});
    ${then}
    process.on('exit', () => console.log('ended by itself'));
  `;
  const args = ['--no-warnings', '--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, timeout: 15_000 });
  return stdout.trim();
}

describe('a process ends by itself with a server that is never closed', () => {
  beforeAll(buildPackage, 120_000);

  it.each([
    ['and attached to nothing', '{}'],
    ['and tells who is online', '{ presence: true }'],
    ['and recovers connections', '{ connectionStateRecovery: {} }'],
    ['and keeps a ledger', '{ ledger: memoryLedger() }'],
  ])('%s', async (_what, options) => {
    expect(await run(options)).toBe('ended by itself');
  });

  it('once its HTTP server is closed, with a client that may come back', async () => {
    const then = `
      import { createServer } from 'node:http';
      import { WebSocket } from 'ws';
      const http = createServer().listen(0, '127.0.0.1', () => {
        server.attach(http);
        const client = new WebSocket(\`ws://127.0.0.1:\${http.address().port}/socket.io/?EIO=4&transport=websocket\`);
        client.on('open', () => client.send('40'));
        server.on('connection', (socket) => {
          socket.on('disconnect', () => http.close());
          setImmediate(() => client.terminate());
        });
      });
    `;
    expect(await run('{ connectionStateRecovery: {}, presence: true }', then)).toBe('ended by itself');
  });
});
