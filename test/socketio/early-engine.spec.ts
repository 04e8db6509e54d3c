/** `server.engine` of a server that is not attached yet. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { EngineServer, Server } from '../../src/server.js';
import { cleanup } from '../support/cleanup.js';
import { connectClient } from '../support/nest-app.js';

async function attach(io: Server): Promise<string> {
  const http = createServer();
  io.attach(http);
  cleanup(() => io.close());
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

describe('Server#engine before attach()', () => {
  it.each(['polling', 'websocket'])(
    'keeps middlewares, listeners and ids for the engine to come: %s',
    async (transport) => {
      const io = new Server();
      const heard: string[] = [];
      const early = io.engine;
      early.use((_request, _response, next) => {
        heard.push('middleware');
        next();
      });
      early.on('initial_headers', () => heard.push('headers')).once('connection', () => heard.push('connection'));
      early.on('connection', unwanted).off('connection', unwanted);
      early.generateId = () => 'an-id-of-mine';
      const client = await connectClient(await attach(io), { transports: [transport] });
      expect(client.io.engine.id).toBe('an-id-of-mine');
      expect([...new Set(heard)].sort()).toEqual(['connection', 'headers', 'middleware']);

      function unwanted(): void {
        heard.push('unwanted');
      }
    },
  );

  it('has no clients, and says of all else when it is there', () => {
    const { engine } = new Server();
    expect(engine).toBeInstanceOf(EngineServer);
    expect(engine.clientsCount).toBe(0);
    const failure =
      ' is not available before the server is attached (attach(), listen(), bind()), which in a Nest ' +
      'application happens before onApplicationBootstrap. Only use(), on() and the like can be called earlier.';
    expect(() => engine.opts).toThrow(`server.engine.opts${failure}`);
    expect(() => engine.handleUpgrade).toThrow(`server.engine.handleUpgrade${failure}`);
    expect(() => engine.close()).toThrow(`server.engine.close${failure}`);
  });

  it('can be printed, awaited and looked at', async () => {
    const { engine } = new Server();
    expect(inspect(engine)).toMatch(/EngineServer/);
    expect(await engine).toBe(engine);
    expect((engine as unknown as Record<string, unknown>).nothing).toBeUndefined();
  });

  it('is the engine for those who have kept it', async () => {
    const io = new Server();
    const early = io.engine;
    const url = await attach(io);
    await connectClient(url);
    expect(early).not.toBe(io.engine);
    expect([early.clientsCount, early.opts]).toEqual([1, io.engine.opts]);
    const ids: string[] = [];
    early.on('connection', ({ id }: { id: string }) => ids.push(id));
    const { id } = (await connectClient(url)).io.engine;
    expect(ids).toEqual([id]);
    expect(early.listenerCount('connection')).toBe(io.engine.listenerCount('connection'));
  });
});
