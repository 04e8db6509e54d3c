import type { INestApplication } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import {
  Ack,
  Args,
  ConnectedSocket,
  Gateway,
  HandshakeAuth,
  OnConnect,
  OnHandshake,
  SocketIoException,
  SocketIoModule,
} from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { cleanup } from '../support/cleanup.js';
import { connectLegacyClient, openLegacyClient } from '../support/legacy-client.js';
import { startApp, urlOf } from '../support/nest-app.js';
import { WAYS, type Way } from '../support/official-client.js';
import { nextEvent } from '../support/until.js';

@Gateway()
class MainGateway {
  @OnConnect()
  connected(@ConnectedSocket() socket: Socket): void {
    socket.emit('welcome', socket.id);
  }

  @Ack('echo')
  echo(@Args() args: unknown[]): unknown[] {
    return args;
  }
}

@Gateway('/guarded')
class GuardedGateway {
  @OnHandshake()
  check(@HandshakeAuth('token') token: unknown): void {
    if (token !== 'good') throw new SocketIoException('No entry', { code: 'NO_ENTRY' });
  }
}

const PROVIDERS = [MainGateway, GuardedGateway];
const OPTIONS = { allowEIO3: true };

async function startExpress(): Promise<string> {
  const module = await Test.createTestingModule({
    imports: [SocketIoModule.forRoot(OPTIONS)],
    providers: PROVIDERS,
  }).compile();
  const app: INestApplication = module.createNestApplication(new ExpressAdapter(), { logger: false });
  cleanup(() => app.close());
  await app.listen(0, '127.0.0.1');
  return urlOf(app);
}

const PLATFORMS = {
  Fastify: async () => (await startApp(PROVIDERS, OPTIONS)).url,
  Express: startExpress,
};
type Platform = keyof typeof PLATFORMS;

const MATRIX = (Object.keys(PLATFORMS) as Platform[]).flatMap((platform) =>
  (Object.keys(WAYS) as Way[]).map((way) => [platform, way] as const),
);

describe.each(MATRIX)('socket.io-client 2.5 and Nest on %s, over %s', (platform, way) => {
  it('is greeted, is answered with text and bytes, and passes a handshake by its query', async () => {
    const url = await PLATFORMS[platform]();
    const client = openLegacyClient(url, WAYS[way]);
    const [welcome] = await nextEvent(client, 'welcome');
    expect(welcome).toBe(client.id);

    const [text, bytes] = (await new Promise((resolve) => client.emit('echo', 'é', Buffer.of(1, 2), resolve))) as [
      string,
      Uint8Array,
    ];
    expect([text, Buffer.from(bytes)]).toEqual(['é', Buffer.of(1, 2)]);

    const [refusal] = await nextEvent(client.io.socket('/guarded', { query: { token: 'bad' } }), 'error');
    expect(refusal).toMatchObject({ code: 'NO_ENTRY' });
    const entered = await connectLegacyClient(`${url}/guarded`, { ...WAYS[way], query: { token: 'good' } });
    expect(entered.connected).toBe(true);
  });
});
