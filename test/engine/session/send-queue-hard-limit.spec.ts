import { openPolling, poll } from '../../support/engine-client.js';
import { RawSocket, upgradeRequest } from '../../support/raw-socket.js';
import { startEngine } from '../../support/server.js';
import { nextEvent } from '../../support/until.js';

describe('maxSendQueueBytes', () => {
  it('ends the session of a peer that reads nothing at once, whatever sendTimeout says', async () => {
    const { port, url, sessions } = await startEngine({ sendQueueBytes: 16, sendTimeout: 60_000 });
    const raw = new RawSocket(port);
    raw.write(upgradeRequest(`${new URL(url).pathname}?EIO=4&transport=websocket`));
    await raw.arrival('"sid"');
    raw.socket.pause();
    const [session] = sessions();
    const closed = nextEvent(session, 'close');

    let sent = 0;
    for (; session.readyState === 'open' && sent < 1_000; sent++) session.send('x'.repeat(1_000_000));

    expect(await closed).toMatchObject(['send queue overflow', { code: 'SEND_QUEUE_OVERFLOW' }]);
    expect(sent).toBeLessThan(20);
  });

  it('lets the queue grow up to it over polling, and ends the session above', async () => {
    const limits = { sendQueueBytes: 100_000, maxSendQueueBytes: 200_000, sendTimeout: 60_000 };
    const { url, sessions } = await startEngine(limits);
    await openPolling(url);
    const [session] = sessions();

    session.send('x'.repeat(99_999));
    session.send('x'.repeat(99_999));
    expect(session.readyState).toBe('open');
    session.send('x'.repeat(10_000));

    expect(session.readyState).toBe('closed');
  });

  it('lets one packet of any size meet an empty queue, and small ones follow it', async () => {
    const { url, sessions } = await startEngine({ sendQueueBytes: 100, sendTimeout: 60_000, maxHttpBufferSize: 2e6 });
    const opened = await openPolling(url);
    const [session] = sessions();

    for (let round = 0; round < 2; round++) {
      session.send('x'.repeat(1_000_000));
      session.send('y');
      expect((await poll(opened)).body).toBe(`4${'x'.repeat(1_000_000)}\x1e4y`);
    }
    session.send('x'.repeat(1_000_000));
    session.send('x'.repeat(1_000_000));

    expect(session.readyState).toBe('closed');
  });
});
