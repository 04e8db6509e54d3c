/** `host` and `https` of a port of its own: of the module, of gateways beside it, and of the adapter alone. */
import type { AddressInfo } from 'node:net';
import { WebSocketGateway, SubscribeMessage } from '@nestjs/websockets';
import { Ack, SocketIoAdapter, type SocketIoModuleOptions } from '../../src/index.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { listensAt } from '../support/server.js';
import { TEST_TLS } from '../support/tls.js';
import { nextEvent } from '../support/until.js';
import { failureOf as failureOfAdapter, startGateways } from './adapter/support/start-gateways.js';
import { freePort } from '../support/free-port.mjs';
import { failureOf, PLATFORMS, startWith } from './support/start-app.js';

class EchoGateway {
  @Ack('echo')
  echo(_socket: unknown, value: unknown): unknown {
    return value;
  }
}

function portGateway(port: number): new () => object {
  @WebSocketGateway(port)
  class PortGateway {
    @SubscribeMessage('echo')
    echo(_socket: unknown, value: unknown): unknown {
      return value;
    }
  }
  return PortGateway;
}

const TRANSPORTS = [['polling'], ['websocket']];

describe.each(PLATFORMS)('host and https on %s', (platform) => {
  it.each(TRANSPORTS)('of the module: a client that trusts the certificate is served over %s', async (transport) => {
    const { websocket } = await startWith({
      platform,
      providers: [EchoGateway],
      options: { port: 0, host: '127.0.0.1', https: TEST_TLS },
    });
    const { port, address } = websocket.server.httpServer.address() as AddressInfo;
    expect(address).toBe('127.0.0.1');
    const url = `https://127.0.0.1:${port}`;
    const client = await connectClient(url, { transports: [transport], ca: TEST_TLS.cert });
    expect(await client.emitWithAck('echo', 1)).toBe(1);
    const stranger = createClient(url, { transports: [transport] });
    const refused = nextEvent(stranger, 'connect_error');
    stranger.connect();
    await refused;
  });

  it('of the module: the port is open at that address alone, and closed with the application', async () => {
    const { app, websocket } = await startWith({ platform, options: { port: 0, host: '127.0.0.2' } });
    const { port } = websocket.server.httpServer.address() as AddressInfo;
    expect([await listensAt(port, '127.0.0.2'), await listensAt(port, '127.0.0.1')]).toEqual([true, false]);
    await app.close();
    expect(await listensAt(port, '127.0.0.2')).toBe(false);
  });

  it('of the module: they hold for ports of gateways beside it', async () => {
    const port = await freePort();
    const providers = [portGateway(port)];
    await startWith({ platform, providers, options: { host: '127.0.0.1', https: TEST_TLS } });
    const client = await connectClient(`https://127.0.0.1:${port}`, { ca: TEST_TLS.cert });
    expect(await client.emitWithAck('echo', 2)).toBe(2);
  });

  it('of the adapter alone, given the application or its HTTP server', async () => {
    for (const given of ['application', 'HTTP server']) {
      const port = await freePort();
      const options = { host: '127.0.0.1', https: TEST_TLS };
      await startGateways({
        platform,
        providers: [portGateway(port)],
        adapter: (app) => new SocketIoAdapter(given === 'application' ? app : (app.getHttpServer() as object), options),
      });
      const client = await connectClient(`https://127.0.0.1:${port}`, { ca: TEST_TLS.cert });
      expect(await client.emitWithAck('echo', 3)).toBe(3);
    }
  });

  it('stop the start if no server has a port of its own, or the module gives them', async () => {
    const unused =
      'no value, unless there is a port of its own: the HTTP server of the application has an address and a certificate';
    const options = { host: '127.0.0.1' };
    const expected = `Invalid option "host": got "127.0.0.1", expected ${unused}`;
    expect((await failureOf({ platform, options })).message).toBe(expected);
    const gateway = portGateway(0);
    expect((await failureOfAdapter({ platform, providers: [gateway], options })).message).toBe(expected);
    const adapter = await failureOf({
      platform,
      providers: [gateway],
      configure: (app) => void app.useWebSocketAdapter(new SocketIoAdapter(app, options)),
    });
    expect(adapter.message).toBe(
      'SocketIoAdapter was given "host", and SocketIoModule is imported: pass it to forRoot(), whose value applies to all ' +
        'ports of the application.',
    );
  });

  it('stop the start if the address is not one of this machine', async () => {
    await expect(startWith({ platform, options: { port: 0, host: '192.0.2.1' } })).rejects.toThrow(/EADDRNOTAVAIL/);
  });
});

describe('https that is none', () => {
  const NEEDED = 'an object with "key" and "cert", or with "pfx" or "SNICallback" as for Node’s https';
  it.each<[string, unknown, string | RegExp]>([
    ['true', true, `got "boolean", expected ${NEEDED}`],
    ['null', null, `got "object", expected ${NEEDED}`],
    ['a key alone', { key: TEST_TLS.key }, `got ["key"], expected ${NEEDED}`],
    [
      'no certificate',
      { key: 'secret', cert: 'x' },
      /got \["key","cert"\], expected a key and a certificate that match \(/,
    ],
    ['a wrong key', { key: 'secret', cert: TEST_TLS.cert }, /expected a key and a certificate that match \(/],
  ])('stops the start, and tells no secret: %s', async (_name, https, message) => {
    const options = { port: 0, https } as SocketIoModuleOptions;
    const failure = await failureOf({ options });
    expect(failure).toMatchObject({ name: 'OptionError', option: 'https' });
    expect(failure.message).toMatch(message instanceof RegExp ? message : `Invalid option "https": ${message}`);
    expect(failure.message).not.toMatch(/secret|PRIVATE/);
  });

  it.each(['', 'a b', 5])('nor is %j a host', async (host) => {
    const options = { port: 0, host } as SocketIoModuleOptions;
    expect(await failureOf({ options })).toMatchObject({ name: 'OptionError', option: 'host' });
  });
});
