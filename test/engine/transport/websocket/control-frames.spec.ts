import { RawSocket, clientFrame, textFrame, upgradeRequest } from '../../../support/raw-socket.js';
import { startEngine } from '../../../support/server.js';
import { nextEvent, until } from '../../../support/until.js';

const PING = 0x89;
const PONG = 0x8a;

describe('control frames of a WebSocket', () => {
  it.each([
    ['read by the frame reader', undefined],
    ['read by ws', 'permessage-deflate'],
  ])('are no sign of life: %s', async (_how, extension) => {
    const { port, url, sessions } = await startEngine({
      pingInterval: 60,
      pingTimeout: 60,
      perMessageDeflate: extension !== undefined,
    });
    const raw = new RawSocket(port);
    const request = upgradeRequest(`${new URL(url).pathname}?EIO=4&transport=websocket`);
    raw.write(
      extension === undefined
        ? request
        : request.replace(/\r\n\r\n$/, `\r\nSec-WebSocket-Extensions: ${extension}\r\n\r\n`),
    );
    await raw.arrival('"sid"');
    const closed = nextEvent(sessions()[0], 'close');
    const sending = setInterval(() => {
      raw.write(clientFrame(PING, 'here'));
      raw.write(clientFrame(PONG, ''));
    }, 10);

    expect(await closed).toMatchObject(['ping timeout', { code: 'PING_TIMEOUT' }]);
    clearInterval(sending);
  });

  it('leave the bytes of messages as they are counted', async () => {
    const { port, url, sessions } = await startEngine();
    const raw = new RawSocket(port);
    raw.write(upgradeRequest(`${new URL(url).pathname}?EIO=4&transport=websocket`));
    await raw.arrival('"sid"');
    const [session] = sessions();
    const before = session.bytesReceived;

    raw.write(Buffer.concat([clientFrame(PING, 'x'), textFrame('4hello'), clientFrame(PING, 'yy')]));
    await raw.arrival('4hello');

    await until(() => session.bytesReceived - before === textFrame('4hello').length);
  });
});
