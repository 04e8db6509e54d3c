import { createServer } from 'node:http';
import {
  MODULE_DEFAULTS,
  SERVER_DEFAULTS,
  Server,
  resolveServerOptions,
  type ServerDefaults,
  type ServerOptions,
} from '../../src/socketio/index.js';

describe('resolveServerOptions', () => {
  it('starts as Socket.IO does in the stand-alone server', () => {
    expect(resolveServerOptions({}, SERVER_DEFAULTS)).toMatchObject({
      serveClient: true,
      connectTimeout: 45_000,
      cleanupEmptyChildNamespaces: false,
      ackTimeout: 0,
      settleAcks: false,
      keepRequest: true,
      engine: { path: '/socket.io/', checkOrigin: false },
      ...BOUNDS,
    });
  });

  it('starts safer in the module, with the same bounds [L4]', () => {
    expect(resolveServerOptions({}, MODULE_DEFAULTS)).toMatchObject({
      serveClient: false,
      connectTimeout: 10_000,
      cleanupEmptyChildNamespaces: true,
      ackTimeout: 30_000,
      settleAcks: true,
      keepRequest: null,
      engine: { path: '/socket.io/', checkOrigin: true },
      ...BOUNDS,
    });
  });

  it('is frozen [limitation: globals]', () => {
    expect(Object.isFrozen(resolveServerOptions({}, SERVER_DEFAULTS))).toBe(true);
  });

  it('takes ten times a message for all attachments together', () => {
    expect(resolveServerOptions({ maxPayload: 7 }, SERVER_DEFAULTS).maxAttachmentBytes).toBe(70);
    expect(resolveServerOptions({ maxPayload: 7, maxAttachmentBytes: 5 }, SERVER_DEFAULTS).maxAttachmentBytes).toBe(5);
  });

  it.each<[string, string, unknown]>([
    ['connectTimeout', 'handshakeTimeout', 500],
    ['ackTimeout', 'outboundAckTimeout', 500],
  ])('takes %s under the name %s as well', (name, alias, value) => {
    expect(resolveServerOptions({ [alias]: value }, SERVER_DEFAULTS)).toHaveProperty(name, value);
    expect(resolveServerOptions({ [alias]: value, [name]: value }, MODULE_DEFAULTS)).toHaveProperty(name, value);
    expect(() => resolveServerOptions({ [alias]: 1, [name]: 2 }, SERVER_DEFAULTS)).toThrow(`"${alias}"`);
  });

  it.each([
    ['connectTimeout', [0, -1, NaN, Infinity, '1000']],
    ['attachmentTimeout', [0, -1, NaN, Infinity, '1000']],
    ['ackTimeout', [-1, NaN, Infinity, '1000']],
    ['maxAuthPayload', [-1, 1.5, NaN, Infinity, '1']],
    ['maxEventNameLength', [0, -1, NaN, Infinity]],
    ['maxEventArgs', [-1, NaN, Infinity]],
    ['maxNamespaceLength', [0, NaN, Infinity]],
    ['maxNamespaces', [0, NaN, Infinity]],
    ['maxAttachments', [-1, NaN, Infinity]],
    ['maxAttachmentBytes', [-1, NaN, Infinity]],
    ['maxJsonDepth', [0, 5001, NaN, Infinity]],
    ['maxPendingEvents', [-1, NaN, Infinity]],
    ['serveClient', ['yes', 1]],
    ['cleanupEmptyChildNamespaces', ['yes', 1]],
    ['settleAcks', ['yes', 1]],
    ['keepRequest', ['yes', 1]],
    ['generateSocketId', ['id', {}]],
    ['onError', ['log', {}]],
    ['onWarning', ['log', {}]],
    ['adapter', ['redis', {}]],
    ['parser', ['msgpack', {}, { Encoder: class {} }, null]],
    ['connectionStateRecovery', [true, null, 'on']],
  ])('refuses what is no value for %s, and says so', (option, givens) => {
    for (const given of givens) {
      expect(() => resolveServerOptions({ [option]: given } as ServerOptions, SERVER_DEFAULTS)).toThrow(
        expect.objectContaining({ name: 'OptionError', option, given, expected: expect.stringMatching(/\S/) }),
      );
    }
  });

  it.each<[string, ServerDefaults, boolean]>([
    ['the module', MODULE_DEFAULTS, true],
    ['the stand-alone server, to which programs pass what they like', SERVER_DEFAULTS, false],
  ])('refuses an unknown option in %s: %#', (_where, defaults, strict) => {
    const resolve = (): unknown => resolveServerOptions({ pingIntervall: 5 } as ServerOptions, defaults);
    if (strict) expect(resolve).toThrow('Invalid option "pingIntervall": got 5, expected one of the known options');
    else expect(resolve).not.toThrow();
  });
});

describe('Server', () => {
  it('throws for a wrong option when it is made, and leaves the HTTP server alone', () => {
    const http = createServer();
    const found = http.eventNames();
    expect(() => new Server(http, { pingInterval: -1 })).toThrow('Invalid option "pingInterval": got -1');
    expect(() => new Server({ maxPayload: 1, maxHttpBufferSize: 2 })).toThrow('"maxPayload"');
    expect(http.eventNames()).toEqual(found);
  });

  it('says what attach() takes', () => {
    const io = new Server();
    expect(() => io.attach((() => {}) as never)).toThrow('not the request handler of a framework');
    expect(() => io.attach('no port')).toThrow('a port');
  });

  it('gives and sets its path, adapter, connectTimeout and serveClient', () => {
    const io = new Server({ path: '/p/', connectTimeout: 5, serveClient: false });
    expect([io.path(), io.connectTimeout(), io.serveClient()]).toEqual(['/p', 5, false]);
    io.path('/q/').connectTimeout(6).serveClient(true);
    expect([io.path(), io.connectTimeout(), io.serveClient()]).toEqual(['/q', 6, true]);
  });
});

const BOUNDS = {
  maxAuthPayload: 8_192,
  maxEventNameLength: 256,
  maxEventArgs: 256,
  maxNamespaceLength: 256,
  maxNamespaces: 128,
  maxAttachments: 64,
  maxAttachmentBytes: 10_000_000,
  attachmentTimeout: 10_000,
  maxJsonDepth: 256,
  maxPendingEvents: 256,
};
