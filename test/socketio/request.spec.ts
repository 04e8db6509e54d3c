import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { io as connect } from 'socket.io-client';
import { Server, type ServerOptions, type Socket } from '../../src/server.js';
import { MODULE_DEFAULTS, SERVER_DEFAULTS, type ServerDefaults } from '../../src/socketio/index.js';
import { cleanup } from '../support/cleanup.js';
import { nextEvent } from '../support/until.js';

/** A socket of a client that sent `?token=1`, once its connection handler has run. */
async function connectedSocket(
  options: ServerOptions,
  defaults: ServerDefaults,
  prepare: (server: Server) => void = () => {},
  extraHeaders: Record<string, string> = {},
): Promise<Socket> {
  const http = createServer();
  const server = new Server(options, undefined, defaults);
  server.attach(http);
  prepare(server);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  cleanup(() => server.close());
  const { port } = http.address() as AddressInfo;
  const client = connect(`http://127.0.0.1:${port}`, {
    transports: ['websocket'],
    query: { token: '1' },
    extraHeaders,
  });
  cleanup(() => client.disconnect());
  const [socket] = (await nextEvent(server, 'connection')) as [Socket];
  await nextEvent(client, 'connect');
  return socket;
}

describe('Socket#request', () => {
  it('is kept with the defaults of Socket.IO, and gone once it is deleted', async () => {
    const socket = await connectedSocket({}, SERVER_DEFAULTS);
    expect(socket.request.socket).toBeDefined();
    expect(Object.hasOwn(socket, 'request')).toBe(true);
    delete (socket.conn as Partial<typeof socket.conn>).request;
    expect(socket.request).toBeUndefined();
  });

  it('is replaced by a stand-in after the CONNECT reply in the module', async () => {
    const socket = await connectedSocket({}, MODULE_DEFAULTS);
    expect(socket.request.socket).toBeUndefined();
    const { method, url, headers } = socket.request;
    expect({ method, url, token: (socket.request as never as { _query: object })._query }).toEqual({
      method: 'GET',
      url: expect.stringContaining('/socket.io/?'),
      token: expect.objectContaining({ token: '1', transport: 'websocket' }),
    });
    expect(headers.upgrade).toBe('websocket');
    expect(socket.handshake.query.token).toBe('1');
  });

  it('stays where somebody has read it', async () => {
    const socket = await connectedSocket({}, MODULE_DEFAULTS, (server) =>
      server.use((each, next) => void (each.request, next())),
    );
    expect(socket.request.socket).toBeDefined();
  });

  it('stays where a hook sees requests', async () => {
    const hooked = await connectedSocket({}, MODULE_DEFAULTS, (server) =>
      server.engine.use((_request, _response, next) => next()),
    );
    expect(hooked.request.socket).toBeDefined();
    const asked = await connectedSocket({ allowRequest: (_request, decide) => decide(null, true) }, MODULE_DEFAULTS);
    expect(asked.request.socket).toBeDefined();
  });

  it('follows the option keepRequest both ways', async () => {
    const kept = await connectedSocket({ keepRequest: true }, MODULE_DEFAULTS);
    expect(kept.request.socket).toBeDefined();
    const released = await connectedSocket({ keepRequest: false }, SERVER_DEFAULTS, (server) =>
      server.use((each, next) => void (each.request, next())),
    );
    expect(released.request.socket).toBeUndefined();
  });
});

describe.each([
  ['the module', MODULE_DEFAULTS],
  ['Socket.IO', SERVER_DEFAULTS],
])('a request with many headers, with the defaults of %s', (_name, defaults) => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`x-${i}`, `value ${i}`]));

  it('has all of them, raw and distinct ones too, as does the handshake', async () => {
    const { request, handshake } = await connectedSocket({ keepRequest: true }, defaults, undefined, many);
    expect(request.headers).toEqual(expect.objectContaining({ ...many, upgrade: 'websocket' }));
    expect(request.headersDistinct['x-99']).toEqual(['value 99']);
    expect(request.rawHeaders.length).toBeGreaterThan(200);
    expect(request.rawHeaders).toContain('value 99');
    expect(handshake.headers).toBe(request.headers);
    expect(JSON.parse(JSON.stringify(handshake)).headers).toEqual(request.headers);
  });

  it('keeps what middlewares write to them, before and after it is a session', async () => {
    const socket = await connectedSocket(
      {},
      defaults,
      (server) => {
        server.engine.use((request: IncomingMessage, _response: unknown, next: () => void) => {
          request.headers['x-early'] = 'early';
          next();
        });
        server.use((each, next) => {
          each.request.headers['x-late'] = 'late';
          each.handshake.headers['x-latest'] = 'latest';
          setImmediate(next);
        });
      },
      many,
    );
    await new Promise(setImmediate);
    const { headers } = socket.request;
    expect([headers['x-early'], headers['x-late'], headers['x-latest'], headers['x-0']]).toEqual([
      'early',
      'late',
      'latest',
      'value 0',
    ]);
  });

  it('keeps what is no text', async () => {
    const user: Record<string, unknown> = { name: 'ann' };
    user.self = user;
    const socket = await connectedSocket(
      {},
      defaults,
      (server) =>
        server.engine.use((request: IncomingMessage, _response: unknown, next: () => void) => {
          Object.assign(request.headers, { user });
          next();
        }),
      many,
    );
    await new Promise(setImmediate);
    expect(socket.request.headers.user).toBe(user);
    expect(socket.request.headers).toBe(socket.handshake.headers);
    expect(socket.request.headers['x-99']).toBe('value 99');
    expect(socket.request.rawHeaders).toContain('value 99');
  });

  it('is released like others', async () => {
    const { request, handshake } = await connectedSocket({ keepRequest: false }, defaults, undefined, many);
    expect(request.socket).toBeUndefined();
    expect(request.headers['x-99']).toBe('value 99');
    expect(handshake.headers['x-99']).toBe('value 99');
  });
});

it('the headers of a request with few stay the same object', async () => {
  const { request, handshake } = await connectedSocket({}, SERVER_DEFAULTS);
  const { headers } = request;
  await new Promise(setImmediate);
  expect(request.headers).toBe(headers);
  expect(handshake.headers).toBe(headers);
});
