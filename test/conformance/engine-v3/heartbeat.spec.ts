import { poll, push } from '../../support/engine-client.js';
import { openPollingV3, openWebSocketV3 } from '../../support/engine-v3-client.js';
import { BRISK, startEngineServer, unlikeOfficial } from '../../support/conformance-server.js';
import { elapse } from '../../support/until.js';

describe('Engine.IO v3: heartbeat', () => {
  it('answers pings over long-polling', async () => {
    const { url } = await startEngineServer({ allowEIO3: true, ...BRISK });
    const session = await openPollingV3(url);

    for (let round = 0; round < 3; round++) {
      expect((await push(session, '1:2')).body).toBe('ok');
      expect((await poll(session)).body).toBe('1:3');
    }
  });

  it('answers pings over WebSocket, and sends none', async () => {
    const { url } = await startEngineServer({ allowEIO3: true, ...BRISK });
    const wire = await openWebSocketV3(url);
    await wire.next();

    for (let round = 0; round < 4; round++) {
      await elapse(200);
      wire.send('2');
      expect(await wire.next()).toBe('3');
    }
  });

  it('closes a session over long-polling that was silent for the interval and the timeout', async () => {
    const { url } = await startEngineServer({ allowEIO3: true, ...BRISK });
    const session = await openPollingV3(url);

    await elapse(530);

    expect((await push(session, '1:2')).status).toBe(400);
  });

  it('closes a session over WebSocket that was silent for as long, not before', async () => {
    const { url } = await startEngineServer({ allowEIO3: true, ...BRISK });
    const wire = await openWebSocketV3(url);
    await wire.next();
    wire.send('2');
    await wire.next();
    const pinged = performance.now();

    await wire.closed;

    expect(performance.now() - pinged).toBeGreaterThan(480);
    expect(performance.now() - pinged).toBeLessThan(800);
  });

  unlikeOfficial('counts pings only')('takes other bytes for a sign of life as well', async () => {
    const { url } = await startEngineServer({ allowEIO3: true, ...BRISK });
    const wire = await openWebSocketV3(url);
    await wire.next();

    for (let round = 0; round < 4; round++) {
      await elapse(200);
      wire.send('4a');
      expect(await wire.next()).toBe('4a');
    }
  });

  it('closes upon a pong, which is this side’s part', async () => {
    const { url } = await startEngineServer({ allowEIO3: true });
    const wire = await openWebSocketV3(url);
    await wire.next();

    wire.send('3');

    await wire.closed;
  });
});
