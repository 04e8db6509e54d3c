import type { Server as HttpServer } from 'node:http';
import { Ack, ConnectedSocket, MessageBody, type Socket } from '../../src/index.js';
import { RawSocket } from '../support/raw-socket.js';
import { nextEvent, until, within } from '../support/until.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { TEST_TLS } from '../support/tls.js';
import { startSecureApp, type SecurePlatform } from './support/start-secure-app.js';

class EchoGateway {
  @Ack('echo')
  echo(@MessageBody() body: unknown): unknown {
    return body;
  }

  @Ack('handshake')
  handshake(@ConnectedSocket() { handshake }: Socket): unknown {
    return { secure: handshake.secure, address: handshake.address };
  }
}

const PLATFORMS: SecurePlatform[] = ['express', 'fastify', 'fastify with HTTP/2'];

describe.each(PLATFORMS)('HTTPS on %s', (platform) => {
  it.each([[['polling']], [['websocket']], [['polling', 'websocket']]])(
    'serves official clients over %j',
    async (transports) => {
      const { url } = await startSecureApp(platform, { providers: [EchoGateway] });
      const client = await connectClient(url, { transports, ca: TEST_TLS.cert });
      if (transports.length > 1) await until(() => client.io.engine.transport.name === 'websocket', 'the upgrade');
      expect(await client.emitWithAck('echo', 'hello')).toBe('hello');
      expect(await client.emitWithAck('echo', Buffer.from('bytes'))).toEqual(Buffer.from('bytes'));
      expect(await client.emitWithAck('handshake')).toEqual({ secure: true, address: '127.0.0.1' });
    },
  );

  it.each(['polling', 'websocket'])(
    'leaves a client over %s that does not trust the certificate out',
    async (transport) => {
      const { url } = await startSecureApp(platform, { providers: [EchoGateway] });
      const client = createClient(url, { transports: [transport] });
      const refused = nextEvent(client, 'connect_error');
      client.connect();
      await refused;
    },
  );

  it('closes within shutdownTimeout, also if a connection never begins its TLS handshake', async () => {
    const { app, port } = await startSecureApp(platform, { options: { shutdownTimeout: 300 } });
    const arrived = nextEvent(app.getHttpServer() as HttpServer, 'connection');
    const silent = new RawSocket(port);
    await arrived;
    await within(app.close(), 'the application to close', 3_000);
    await silent.ended;
  });

  it.each(['polling', 'websocket'])('closes with a client over %s connected', async (transport) => {
    const { app, url } = await startSecureApp(platform, { providers: [EchoGateway] });
    const client = await connectClient(url, { transports: [transport], ca: TEST_TLS.cert });
    const left = nextEvent(client, 'disconnect');
    await app.close();
    // A poll ends without a close packet, which some clients would take for the end; the next one fails.
    expect((await left)[0]).toBe(transport === 'websocket' ? 'transport close' : 'transport error');
  });
});
