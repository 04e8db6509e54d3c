import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import * as tls from 'node:tls';
import { cleanup } from '../../support/cleanup.js';
import { RawSocket, openRawWebSocket, upgradeRequest } from '../../support/raw-socket.js';
import { createEngine, listen, startEngine } from '../../support/server.js';
import { TEST_TLS } from '../../support/tls.js';
import { elapse, nextEvent, until } from '../../support/until.js';
import type { Session } from '../../../src/engine/index.js';

const OPTIONS = { sendQueueBytes: 100_000, sendTimeout: 800 };
const SIZE = 60_000_000;
/** Each takes two seconds and a half by itself, and reads and writes 60 MB in one process. */
const PATIENCE = 30_000;
/** More than what the kernel moves in one go. */
const STEP = 5_000_000;

describe('a queue over sendQueueBytes', () => {
  it(
    'ends no session whose peer reads slowly, in the middle of one write of 60 MB [V2]',
    async () => {
      const engine = await startEngine(OPTIONS);
      const { socket } = await openRawWebSocket(engine.port, new URL(engine.url).pathname);
      await until(() => engine.engine.clientsCount === 1);
      const [session] = engine.sessions();

      session.send(Buffer.alloc(SIZE));

      await expectSlowReadingToPass(socket, session);
    },
    PATIENCE,
  );

  it(
    'ends no session whose peer reads slowly, over TLS',
    async () => {
      const engine = createEngine(OPTIONS);
      const http = createTlsServer(TEST_TLS);
      engine.attach(http as never);
      cleanup(() => {
        engine.close();
        http.closeAllConnections();
        http.close();
      });
      const port = await listen(http as never);
      const created = nextEvent(engine, 'connection');
      const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
      cleanup(() => socket.destroy());
      socket.on('error', () => {});
      socket.write(upgradeRequest('/engine.io/?EIO=4&transport=websocket'));
      const [session] = (await created) as [Session];
      await nextEvent(socket, 'data');

      session.send(Buffer.alloc(SIZE));

      await expectSlowReadingToPass(socket, session);
    },
    PATIENCE,
  );

  it(
    'ends no session whose peer reads the answer to a poll slowly',
    async () => {
      const engine = await startEngine({ ...OPTIONS, pollingMaxBufferSize: 100_000_000, httpCompression: false });
      const { origin, pathname } = new URL(engine.url);
      const opened = await fetch(`${origin}${pathname}?EIO=4&transport=polling`);
      const { sid } = JSON.parse((await opened.text()).slice(1)) as { sid: string };
      const [session] = engine.sessions();
      session.send('x'.repeat(SIZE));
      const { socket } = new RawSocket(engine.port);
      socket.removeAllListeners('data');

      socket.write(`GET ${pathname}?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: x\r\n\r\n`);

      await expectSlowReadingToPass(socket, session);
    },
    PATIENCE,
  );
});

/** Reads a little now and then, for far longer than the timeout; then stops, and is ended for that. */
async function expectSlowReadingToPass(socket: Socket, session: Session): Promise<void> {
  const ended = nextEvent(session, 'close', 20_000);
  const start = performance.now();
  for (let read = 0; read < SIZE - 2 * STEP;) {
    read += await readStep(socket);
    await elapse(OPTIONS.sendTimeout / 4);
    expect(session.readyState).toBe('open');
  }
  expect(performance.now() - start).toBeGreaterThan(2 * OPTIONS.sendTimeout);
  session.send(Buffer.alloc(SIZE));
  expect(await ended).toEqual(['send queue overflow', expect.objectContaining({ code: 'SEND_QUEUE_OVERFLOW' })]);
}

/** Reads `STEP` bytes or more. */
async function readStep(socket: Socket): Promise<number> {
  let read = 0;
  await new Promise<void>((resolve) => {
    const onData = (chunk: Buffer): void => {
      read += chunk.length;
      if (read < STEP) return;
      socket.off('data', onData);
      socket.pause();
      resolve();
    };
    socket.on('data', onData);
    socket.resume();
  });
  return read;
}
