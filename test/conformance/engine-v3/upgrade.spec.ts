import { poll, push } from '../../support/engine-client.js';
import { bytes, openPollingV3, openWebSocketV3 } from '../../support/engine-v3-client.js';
import { BRISK, startEngineServer, unlikeOfficial } from '../../support/conformance-server.js';
import { elapse } from '../../support/until.js';

describe('Engine.IO v3: upgrade from HTTP long-polling to WebSocket', () => {
  it('answers the probe, releases the poll with a noop packet and moves over', async () => {
    const { url } = await startEngineServer({ allowEIO3: true });
    const session = await openPollingV3(url);
    const wire = await openWebSocketV3(url, { sid: session.sid });

    wire.send('2probe');
    expect(await wire.next()).toBe('3probe');
    expect(await poll(session)).toMatchObject({ status: 200, body: '1:6' });
    wire.send('5');
    wire.send('4hello');

    expect(await wire.next()).toBe('4hello');
    expect((await poll(session)).status).toBe(400);
    expect((await push(session, '2:4a')).status).toBe(400);
  });

  it('loses nothing that was queued, binary included', async () => {
    const { url, sessions } = await startEngineServer({ allowEIO3: true });
    const session = await openPollingV3(url);
    const peer = sessions.get(session.sid)!;
    const wire = await openWebSocketV3(url, { sid: session.sid });
    wire.send('2probe');
    await wire.next();

    peer.send('one');
    peer.send(Buffer.from([1, 2]));
    wire.send('5');

    expect(await wire.next()).toBe('4one');
    expect(await wire.next()).toEqual(bytes('04 01 02'));
  });

  unlikeOfficial('does not watch after an upgrade')('goes on answering pings, and watching for them', async () => {
    const { url } = await startEngineServer({ allowEIO3: true, ...BRISK });
    const session = await openPollingV3(url);
    const wire = await openWebSocketV3(url, { sid: session.sid });
    wire.send('2probe');
    await wire.next();
    wire.send('5');
    for (let round = 0; round < 3; round++) {
      await elapse(200);
      wire.send('2');
      expect(await wire.next()).toBe('3');
    }

    await wire.closed;
  });

  it('closes a second WebSocket afterwards and keeps the first', async () => {
    const { url } = await startEngineServer({ allowEIO3: true });
    const session = await openPollingV3(url);
    const wire = await openWebSocketV3(url, { sid: session.sid });
    wire.send('2probe');
    await wire.next();
    wire.send('5');

    const second = await openWebSocketV3(url, { sid: session.sid }).catch(() => null);
    await second?.closed;

    wire.send('4hello');
    expect(await wire.next()).toBe('4hello');
  });
});
