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

  it('takes ten times a message for all attachments together, and for events that wait for middlewares', () => {
    expect(resolveServerOptions({ maxPayload: 7 }, SERVER_DEFAULTS).maxAttachmentBytes).toBe(70);
    expect(resolveServerOptions({ maxPayload: 7 }, SERVER_DEFAULTS).maxUndecidedBytes).toBe(70);
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
    ['maxUndecidedBytes', [-1, 1.5, NaN, Infinity, '1']],
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

  it('does not notice what is written to its options later, at any depth, also before it is attached', () => {
    const given = {
      transports: ['websocket' as const],
      cors: { origin: ['https://app.example'] },
      cookie: { name: 'a' },
      trustProxy: ['10.0.0.1'],
      perMessageDeflate: { zlibDeflateOptions: { level: 1 } },
      connectionStateRecovery: { maxDisconnectionDuration: 1_000 },
    };
    const io = new Server(given);
    given.transports.push('polling' as never);
    given.cors.origin.push('https://elsewhere.example');
    given.cookie.name = 'b';
    given.trustProxy.push('nobody');
    given.perMessageDeflate.zlibDeflateOptions.level = 99;
    given.connectionStateRecovery.maxDisconnectionDuration = -1;

    const { opts } = io.createEngine();

    expect(opts).toMatchObject({
      transports: ['websocket'],
      cors: { origin: ['https://app.example'] },
      cookie: { name: 'a' },
      perMessageDeflate: { zlibDeflateOptions: { level: 1 } },
    });
  });

  it('takes what the getters of a class say', () => {
    class Options {
      get maxNamespaces() {
        return 3;
      }
    }
    class Derived extends Options {
      get pingInterval() {
        return 5_000;
      }
    }
    const { settings } = new Server(new Derived());
    expect([settings.maxNamespaces, settings.engine.pingInterval]).toEqual([3, 5_000]);
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
  maxUndecidedBytes: 10_000_000,
  attachmentTimeout: 10_000,
  maxJsonDepth: 256,
  maxPendingEvents: 256,
};

describe.each([
  ['./server', SERVER_DEFAULTS],
  ['the module', MODULE_DEFAULTS],
])('options within options, in %s', (_name, defaults) => {
  it.each<[string, unknown]>([
    ['cors.orgin', { cors: { orgin: 'https://app.example' } }],
    ['cors.origin', { cors: { origin: 1 } }],
    ['cors.origin', { cors: { origin: ['https://app.example', 1] } }],
    ['cors.credentials', { cors: { credentials: 'yes' } }],
    ['cors.maxAge', { cors: { maxAge: '600' } }],
    ['cors.methods', { cors: { methods: [1] } }],
    ['cors.optionsSuccessStatus', { cors: { optionsSuccessStatus: 404 } }],
    ['connectionStateRecovery.maxDisconnectionDuration', recovery({ maxDisconnectionDuration: 'two minutes' })],
    ['connectionStateRecovery.maxDisconnectionDuration', recovery({ maxDisconnectionDuration: -5 })],
    ['connectionStateRecovery.skipMiddleware', recovery({ skipMiddleware: true })],
    ['connectionStateRecovery.skipMiddlewares', recovery({ skipMiddlewares: 1 })],
    ['connectionStateRecovery', { connectionStateRecovery: true }],
    ['perMessageDeflate.treshold', { perMessageDeflate: { treshold: 1 } }],
    ['perMessageDeflate.threshold', { perMessageDeflate: { threshold: '1kb' } }],
    ['perMessageDeflate.serverMaxWindowBits', { perMessageDeflate: { serverMaxWindowBits: 99 } }],
    ['perMessageDeflate.zlibDeflateOptions.lvl', { perMessageDeflate: { zlibDeflateOptions: { lvl: 1 } } }],
    ['httpCompression.treshold', { httpCompression: { treshold: 1 } }],
    ['httpCompression', { httpCompression: 1 }],
    ['cookie.htttpOnly', { cookie: { htttpOnly: false } }],
    ['cookie.name', { cookie: { name: 5 } }],
    ['cookie', { cookie: { name: 'a b' } }],
    ['rateLimit.limt', { rateLimit: { limt: 5 } }],
    ['rateLimit.limit', { rateLimit: { interval: 5 } }],
    ['rateLimit.interval', { rateLimit: { limit: 5, interval: 0 } }],
    ['rateLimit.events.chat.limit', { rateLimit: { events: { chat: {} } } }],
    ['rateLimit.events.chat.bursts', { rateLimit: { events: { chat: { limit: 1, bursts: 2 } } } }],
    ['rateLimit.onLimit', { rateLimit: { limit: 1, onLimit: 'drop' } }],
  ])('refuses a wrong %s by its full name', (name, options) => {
    expect(() => resolveServerOptions(options as ServerOptions, defaults)).toThrow(
      expect.objectContaining({ name: 'OptionError', option: name }),
    );
  });

  it('takes what Socket.IO, ws, cors, cookie and zlib know', () => {
    const options: ServerOptions = {
      cors: {
        origin: [/example/, 'https://app.example'],
        methods: 'GET,POST',
        allowedHeaders: ['x'],
        credentials: true,
      },
      connectionStateRecovery: { maxDisconnectionDuration: 0, skipMiddlewares: true },
      perMessageDeflate: { threshold: 0, clientMaxWindowBits: 10, zlibDeflateOptions: { level: 1 } },
      httpCompression: { threshold: 0 },
      cookie: { name: 'io', secure: true, sameSite: 'strict', maxAge: 10 },
      rateLimit: { limit: 5, burst: 10, events: { chat: { limit: 1 } }, onLimit: 'disconnect' },
    };
    expect(() => resolveServerOptions(options, defaults)).not.toThrow();
  });

  it('copies them, so that a later change of the caller’s object changes nothing', () => {
    const cors = { origin: 'https://app.example' };
    const { engine } = resolveServerOptions({ cors }, defaults);
    cors.origin = '*';
    expect(engine.cors).toEqual({ origin: 'https://app.example' });
  });

  it('takes what the getters of a class say', () => {
    class Cors {
      get origin() {
        return 'https://app.example';
      }
    }
    const { engine } = resolveServerOptions({ cors: new Cors() }, defaults);
    expect(engine.cors).toEqual({ origin: 'https://app.example' });
  });
});

function recovery(options: unknown): unknown {
  return { connectionStateRecovery: options };
}
