import { Ack } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { connectClient } from '../support/nest-app.js';
import { startWith } from './support/start-app.js';

type Replaceable = Record<'onevent', (packet: { data: unknown[] }) => void>;

class EchoGateway {
  @Ack('echo')
  echo(_socket: Socket, value: unknown): unknown {
    return value;
  }
}

describe('decorated handlers behind a replaced socket.onevent', () => {
  it('run if it calls the one it found', async () => {
    const { url, websocket } = await startWith({ providers: [EchoGateway] });
    const seen: unknown[] = [];
    websocket.server.use((socket, next) => {
      const target = socket as unknown as Replaceable;
      const found = target.onevent;
      target.onevent = function (packet) {
        seen.push(packet.data[0]);
        found.call(this, packet);
      };
      next();
    });
    const client = await connectClient(url);
    expect(await client.emitWithAck('echo', 1)).toBe(1);
    expect(seen).toEqual(['echo']);
  });

  it('do not run if it does not, which is said once', async () => {
    const warnings: string[] = [];
    const options = { onWarning: (message: string) => void warnings.push(message) };
    const { url, websocket } = await startWith({ providers: [EchoGateway], options });
    websocket.server.use((socket, next) => {
      (socket as unknown as Replaceable).onevent = (packet) => {
        if (packet.data[0] === 'last') socket.emit('end');
      };
      next();
    });
    const client = await connectClient(url);
    const ended = new Promise((resolve) => client.once('end', () => resolve(undefined)));
    client.emit('echo', 1);
    client.emit('echo', 2);
    client.emit('last');
    await ended;
    expect(warnings).toEqual([expect.stringContaining('did not pass "echo" on')]);
  });
});
