import { openPolling, openWebSocket, poll, request } from '../../support/engine-client.js';
import { RawSocket, upgradeRequest } from '../../support/raw-socket.js';
import { startEngine } from '../../support/server.js';
import { nextEvent, until } from '../../support/until.js';

const LARGE = 'x'.repeat(1_000_000);

describe('EngineServer#close', () => {
  it('cuts a WebSocket peer that does not answer the close frame', async () => {
    const { engine, http, port, url } = await startEngine();
    const raw = new RawSocket(port);
    raw.write(upgradeRequest(`${new URL(url).pathname}?EIO=4&transport=websocket`));
    await raw.arrival('"sid"');
    const closed = new Promise((resolve) => http.close(resolve));

    engine.close();

    await engine.connectionsEnded();
    await closed;
    expect(engine.wheel.size).toBe(0);
  });

  it('cuts at once when asked to', async () => {
    const { engine, port, url } = await startEngine();
    const raw = new RawSocket(port);
    raw.write(upgradeRequest(`${new URL(url).pathname}?EIO=4&transport=websocket`));
    await raw.arrival('"sid"');

    engine.close();
    engine.cutOff();

    await raw.ended;
    await engine.connectionsEnded();
  });

  it('delivers what was sent before, 5 MB over WebSocket', async () => {
    const { engine, url, sessions } = await startEngine();
    const wire = await openWebSocket(url);
    await wire.next();

    for (let i = 0; i < 5; i++) sessions()[0].send(LARGE);
    engine.close();

    expect(engine.clientsCount).toBe(0);
    for (let i = 0; i < 5; i++) expect(await wire.next()).toBe(`4${LARGE}`);
    await wire.closed;
  });

  it('delivers what was sent before, 5 MB in the answer to a waiting poll', async () => {
    const { engine, url, sessions } = await startEngine();
    const session = await openPolling(url);
    const polled = poll(session);
    await until(() => sessions()[0].transport.writable);

    for (let i = 0; i < 5; i++) sessions()[0].send(LARGE);
    engine.close();

    expect((await polled).body.split('\x1e')).toEqual([...Array<string>(5).fill(`4${LARGE}`), '6']);
  });

  it('ends polls without a close packet, after which clients in some languages would not come back', async () => {
    const { engine, url, sessions } = await startEngine();
    const [waiting, later] = [await openPolling(url), await openPolling(url)];
    const polled = poll(waiting);
    await until(() => sessions()[0].transport.writable);

    for (const session of sessions()) session.closeForShutdown();

    expect((await polled).body).toBe('6');
    expect((await poll(later)).body).toBe('6');
    expect(await request(waiting.url)).toMatchObject({ status: 400 });
    engine.close();
  });

  it('says goodbye to the peer of a session that it closes by itself', async () => {
    const { url, sessions } = await startEngine();
    const session = await openPolling(url);
    const polled = poll(session);
    await until(() => sessions()[0].transport.writable);
    const closed = nextEvent(sessions()[0], 'close');

    sessions()[0].close();

    expect((await polled).body).toBe('1');
    await closed;
  });
});
