import type { ServerOptions, Socket } from '../../src/socketio/index.js';
import { openPolling, poll, push } from '../support/engine-client.js';
import { connectClient } from '../support/official-client.js';
import { startServer } from '../support/server.js';
import { nextEvent, nextRequest } from '../support/until.js';

describe('Socket#volatile', () => {
  it('drops a packet over polling where no poll waits, and delivers it where one does [limitation: flags]', async () => {
    const server = await startServer();
    const joined = nextEvent(server.io, 'connection');
    const session = await openPolling(server.url);
    await push(session, '40');
    const [socket] = (await joined) as [Socket];
    await poll(session);

    socket.volatile.emit('dropped');
    const asked = nextRequest(server.http);
    const polled = poll(session);
    await asked;
    socket.volatile.emit('delivered', Buffer.of(1));
    socket.emit('kept');

    expect((await polled).body).toBe('451-["delivered",{"_placeholder":true,"num":0}]\x1ebAQ==\x1e42["kept"]');
  });

  it.each<[string, ServerOptions, object]>([
    ['a WebSocket', {}, {}],
    ['a WebSocket that compresses', { perMessageDeflate: { threshold: 0 } }, { perMessageDeflate: { threshold: 0 } }],
  ])(
    'drops a packet behind another one of the same tick over %s, whole',
    async (_transport, options, clientOptions) => {
      const server = await startServer(options);
      const joined = nextEvent(server.io, 'connection');
      const client = await connectClient(server.origin, { transports: ['websocket'], ...clientOptions });
      const [socket] = (await joined) as [Socket];
      const heard: string[] = [];
      client.onAny((event: string) => heard.push(event));
      client.emit('echo');
      await nextEvent(client, 'echo');
      await new Promise(setImmediate);

      socket.volatile.emit('first', Buffer.of(1));
      socket.volatile.emit('second', Buffer.of(2), Buffer.of(3));
      socket.emit('third');
      await nextEvent(client, 'third');

      expect(heard).toEqual(['echo', 'first', 'third']);
    },
  );

  it('counts for one emit', async () => {
    const server = await startServer();
    const joined = nextEvent(server.io, 'connection');
    const client = await connectClient(server.origin);
    const [socket] = (await joined) as [Socket];
    const heard: string[] = [];
    client.onAny((event: string) => heard.push(event));

    socket.emit('first');
    socket.volatile.emit('dropped');
    socket.emit('second');
    await nextEvent(client, 'second');

    expect(heard).toEqual(['first', 'second']);
  });
});
