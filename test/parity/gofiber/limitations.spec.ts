import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Ack, MessageBody, SocketIoModule } from '../../../src/index.js';
import type { Socket } from '../../../src/socketio/index.js';
import { cleanup } from '../../support/cleanup.js';
import { connectClient, urlOf } from '../../support/nest-app.js';
import { TRANSPORTS, joinedPeer } from '../../support/peer.js';
import { startServer } from '../../support/server.js';
import { nextEvent } from '../../support/until.js';

describe('what the Go module does not do', () => {
  it('a body over the limit of the framework is taken up to that of this server [limitation: body limit]', async () => {
    class Echo {
      @Ack('length')
      length(@MessageBody() text: string): number {
        return text.length;
      }
    }
    const module = await Test.createTestingModule({ imports: [SocketIoModule.forRoot()], providers: [Echo] }).compile();
    const app = module.createNestApplication(new FastifyAdapter({ bodyLimit: 100 }), { logger: false });
    cleanup(() => app.close());
    await app.listen(0, '127.0.0.1');
    const client = await connectClient(urlOf(app), { transports: ['polling'] });

    expect(await client.emitWithAck('length', 'x'.repeat(900_000))).toBe(900_000);
  });

  it.each(TRANSPORTS)('a listener is taken off again, over %s [limitation: listeners]', async (transport) => {
    const { io, url } = await startServer();
    const joined = nextEvent(io, 'connection');
    const peer = await joinedPeer(transport, url);
    const [socket] = (await joined) as [Socket];
    const heard: unknown[] = [];
    const listener = (n: unknown): unknown => heard.push(n);
    socket.on('e', listener);

    await peer.send('42["e",1]', '42["echo"]');
    await peer.next();
    socket.off('e', listener);
    await peer.send('42["e",2]', '42["echo"]');
    await peer.next();

    expect(heard).toEqual([1]);
  });
});

it('what reports errors may fail itself: nobody is harmed, and the console has it [F6]', async () => {
  const { jest } = import.meta;
  const written: unknown[] = [];
  const console_ = jest.spyOn(console, 'error').mockImplementation((error: unknown) => void written.push(error));
  cleanup(() => console_.mockRestore());
  const failure = new Error('of onError');
  const { io, url } = await startServer({
    onError: () => {
      throw failure;
    },
  });
  io.on('connection', (socket) => {
    socket.on('fails', () => {
      throw new Error('of a listener');
    });
  });
  const peer = await joinedPeer('websocket', url);

  await peer.send('42["fails"]', '42["echo",1]');

  expect(await peer.next()).toBe('42["echo",1]');
  expect(written).toEqual([failure]);
  expect(io.stats().errors).toBe(1);
});
