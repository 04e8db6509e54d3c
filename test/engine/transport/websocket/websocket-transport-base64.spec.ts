import { openPolling, openWebSocket, poll } from '../../../support/engine-client.js';
import { startEngine } from '../../../support/server.js';
import { nextEvent } from '../../../support/until.js';

const BYTES = Buffer.from([0xfb, 0xff, 0]);

describe('binary messages in text frames', () => {
  it.each(['b+/8A', 'b-_8A', 'b+/8A\n'])('are read from %j, and answered as binary', async (frame) => {
    const { url } = await startEngine();
    const wire = await openWebSocket(url);
    await wire.next();

    wire.send(frame);

    expect(await wire.next()).toEqual(BYTES);
  });

  it('are sent to a peer that asked for them, among text, and to many at once', async () => {
    const { url, sessions } = await startEngine();
    const wire = await openWebSocket(url, { query: { b64: '1' } });
    await wire.next();
    const [session] = sessions();

    session.send('first');
    session.send(BYTES);
    session.send('last');

    expect([await wire.next(), await wire.next(), await wire.next()]).toEqual(['4first', 'b+/8A', '4last']);
  });

  it('are sent after an upgrade that asked for them', async () => {
    const { url, sessions } = await startEngine();
    const session = await openPolling(url, { b64: '1' });
    sessions()[0].send(BYTES);
    expect((await poll(session)).body).toBe('b+/8A');
    const wire = await openWebSocket(url, { sid: session.sid, query: { b64: '1' } });
    wire.send('2probe');
    await wire.next();
    wire.send('5');
    await nextEvent(sessions()[0], 'upgrade');

    sessions()[0].send(BYTES);

    expect(await wire.next()).toBe('b+/8A');
  });

  it('end the session where they are no base64', async () => {
    const { url, sessions } = await startEngine();
    const wire = await openWebSocket(url);
    await wire.next();
    const closed = nextEvent(sessions()[0], 'close');

    wire.send('b***');

    expect(await closed).toMatchObject(['parse error', { code: 'INVALID_BASE64' }]);
  });
});
