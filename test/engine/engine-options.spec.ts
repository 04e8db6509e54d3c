import { ENGINE_DEFAULTS, OptionReader, resolveEngineOptions, type EngineOptions } from '../../src/engine/index.js';

describe('resolveEngineOptions', () => {
  it('gives the documented defaults, frozen', () => {
    const resolved = resolve({});
    expect(resolved).toEqual({
      path: '/engine.io/',
      nodes: null,
      pingInterval: 25_000,
      pingTimeout: 20_000,
      upgradeTimeout: 10_000,
      closeTimeout: 30_000,
      maxHttpBufferSize: 1_000_000,
      pollingMaxBufferSize: 1_000_000,
      maxPollWait: 30_000,
      postTimeout: 60_000,
      maxBatchPackets: 65_536,
      sendQueueBytes: 16_777_216,
      maxSendQueueBytes: 67_108_864,
      sendTimeout: 10_000,
      sendQueueSize: 0,
      pollQueueMaxFrames: 0,
      dropFramesOnOverflow: false,
      flush: 'tick',
      transports: ['polling', 'websocket'],
      allowUpgrades: true,
      allowEIO3: false,
      httpCompressionThreshold: 1024,
      perMessageDeflate: false,
      cookie: null,
      cors: null,
      checkOrigin: false,
      trustProxy: null,
      maxConnections: Infinity,
      maxConnectionsPerIp: Infinity,
      maxHandshakesPerSecond: Infinity,
      allowRequest: null,
      generateId: null,
      destroyUpgrade: true,
    });
    expect(Object.isFrozen(resolved)).toBe(true);
  });

  it.each([
    ['pingInterval', 'a number of milliseconds from 1 to 2147483647'],
    ['pingTimeout', 'a number of milliseconds from 1 to 2147483647'],
    ['upgradeTimeout', 'a number of milliseconds from 1 to 2147483647'],
    ['closeTimeout', 'a number of milliseconds from 1 to 2147483647'],
    ['maxPollWait', 'a number of milliseconds from 1 to 2147483647'],
    ['postTimeout', 'a number of milliseconds from 1 to 2147483647'],
    ['maxHttpBufferSize', 'a whole number of at least 1'],
    ['maxPayload', 'a whole number of at least 1'],
    ['pollingMaxBufferSize', 'a whole number of at least 1'],
    ['maxBatchPackets', 'a whole number of at least 1'],
    ['sendQueueBytes', 'a whole number of at least 1'],
    ['sendTimeout', 'a number of milliseconds from 1 to 2147483647'],
    ['retrySendTimeout', 'a number of milliseconds from 1 to 2147483647'],
    ['maxSendRetry', 'a whole number of at least 1'],
    ['maxConnections', 'a whole number of at least 1'],
    ['maxConnectionsPerIp', 'a whole number of at least 1'],
    ['maxHandshakesPerSecond', 'a whole number of at least 1'],
  ])('refuses what is no such number as %s', (option, expected) => {
    for (const given of [0, -1, NaN, Infinity, -Infinity, '1000', true, {}]) {
      expectRefused(option, given, expected);
    }
  });

  it.each(['sendQueueSize', 'pollQueueMaxFrames'])('refuses what is no number of packets as %s', (option) => {
    for (const given of [-1, 1.5, NaN, Infinity, '10', true]) {
      expectRefused(option, given, 'a whole number of at least 0');
    }
  });

  it.each([
    [{ retrySendTimeout: 30, maxSendRetry: 7 }, 210],
    [{ retrySendTimeout: 30 }, 150],
    [{ maxSendRetry: 7 }, 140],
    [{ retrySendTimeout: 30, maxSendRetry: 7, sendTimeout: 210 }, 210],
    [{ sendTimeout: 210 }, 210],
  ])('takes sendTimeout from %j', (options, expected) => {
    expect(resolve(options).sendTimeout).toBe(expected);
  });

  it('refuses a sendTimeout that is not the product of the other spelling, and a product that no timer can wait for', () => {
    const factors = { retrySendTimeout: 30, maxSendRetry: 7 };
    expect(() => resolve({ ...factors, sendTimeout: 200 })).toThrow(
      'Invalid option "sendTimeout": got 200, expected retrySendTimeout × maxSendRetry (210), or only one of the two',
    );
    expect(() => resolve({ retrySendTimeout: 2_147_483_647, maxSendRetry: 2 })).toThrow(
      'Invalid option "retrySendTimeout": got 4294967294, expected a product with maxSendRetry of at most 2147483647',
    );
  });

  it('refuses anything but tick and immediate as flush', () => {
    expect(resolve({ flush: 'immediate' }).flush).toBe('immediate');
    for (const given of ['', 'Tick', true, 0]) {
      expectRefused('flush', given, '"tick" or "immediate"');
    }
  });

  it.each(['allowUpgrades', 'checkOrigin', 'destroyUpgrade', 'addTrailingSlash', 'dropFramesOnOverflow'])(
    'refuses anything but true and false as %s',
    (option) => {
      for (const given of [0, 1, 'true', {}, []]) expectRefused(option, given, 'true or false');
    },
  );

  it.each(['allowRequest', 'generateId'])('refuses what is no function as %s', (option) => {
    for (const given of [0, true, 'f', {}]) expectRefused(option, given, 'a function');
  });

  it.each([
    ['transports', [[], ['carrier pigeon'], 'websocket', ['polling', 1], {}]],
    ['httpCompression', [1, 'gzip', [], { threshold: -1 }, { threshold: NaN }, { threshold: '1' }]],
    [
      'perMessageDeflate',
      [
        { zlibDeflateOptions: { level: null } },
        1,
        'on',
        [],
        { threshold: -1 },
        { threshold: NaN },
        { threshold: '1kb' },
      ],
    ],
    ['cookie', [1, 'io', [], { name: 1 }, { name: 'two words' }, { domain: 'a;b' }, { sameSite: 'sometimes' }]],
    ['cors', [1, '*', []]],
    ['trustProxy', [-1, 1.5, NaN, Infinity, '', '1', ['2'], 'nobody', ['10.0.0.0/33'], [1], {}]],
    ['path', [1, '/a?b', '/a#b', '/a b', {}]],
  ])('refuses a wrong form of %s', (option, givens) => {
    // The name of the option, or of one within it.
    const named = expect.stringMatching(new RegExp(`^${option}(\\.\\w+)*$`));
    for (const given of givens) {
      expect(() => resolve({ [option]: given })).toThrow(
        expect.objectContaining({ name: 'OptionError', option: named }),
      );
    }
  });

  it.each([
    ['path', [1, true, [], {}]],
    ['domain', [1, true, []]],
    ['httpOnly', ['yes', 1]],
    ['secure', ['yes', 0]],
    ['partitioned', ['no']],
    ['maxAge', ['60', 1.5, NaN, Symbol('s')]],
    ['expires', ['tomorrow', 1, new Date(NaN)]],
    ['sameSite', ['sometimes', 1, () => 'lax']],
    ['priority', ['highest', 5n]],
    ['encode', ['base64']],
  ])('refuses a wrong %s of the cookie', (attribute, givens) => {
    for (const given of givens) {
      expect(() => resolve({ cookie: { [attribute]: given } as never })).toThrow(
        `Invalid option "cookie.${attribute}"`,
      );
    }
  });

  it('takes every attribute that a cookie may have', () => {
    const cookie = {
      ...{
        name: 'sid',
        path: '/x',
        domain: 'app.example',
        httpOnly: false,
        secure: true,
        partitioned: true,
        maxAge: 60,
      },
      ...{ expires: new Date(0), sameSite: 'Strict' as never, priority: 'high' as const, encode: encodeURIComponent },
    };
    // The function is called with care.
    expect(resolve({ cookie }).cookie).toEqual({ ...cookie, encode: expect.any(Function) });
    expect(resolve({ cookie: { path: false as never } }).cookie).toMatchObject({ path: false });
  });

  it.each(['zlibDeflateOptions', 'zlibInflateOptions'])('refuses what zlib does not take as %s', (group) => {
    const wrong = {
      level: 10,
      memLevel: 0,
      windowBits: 16,
      strategy: 'fast',
      chunkSize: 1,
      info: 1,
      dictionary: 'words',
    };
    for (const [name, given] of Object.entries({ ...wrong, levl: 1 })) {
      const options = { perMessageDeflate: { [group]: { [name]: given } } as never };
      expect(() => resolve(options)).toThrow(`Invalid option "perMessageDeflate.${group}.${name}"`);
    }
    const right = {
      level: -1,
      memLevel: 9,
      windowBits: 8,
      strategy: 4,
      chunkSize: 64,
      info: true,
      dictionary: Buffer.of(1),
    };
    expect(resolve({ perMessageDeflate: { [group]: right } as never }).perMessageDeflate).toMatchObject({
      [group]: right,
    });
  });

  it.each([
    ['engine', '/engine/'],
    ['/engine', '/engine/'],
    ['/engine/', '/engine/'],
    ['/a/b.c', '/a/b.c/'],
    ['/', '/'],
    ['', '/'],
  ])('makes of the path %j the path %s', (path, resolved) => {
    expect(resolve({ path }).path).toBe(resolved);
  });

  it('leaves the slash away where it is told to', () => {
    expect(resolve({ path: '/engine/', addTrailingSlash: false }).path).toBe('/engine');
  });

  it('takes the bound of polling from that of messages unless it has its own', () => {
    expect(resolve({ maxPayload: 500 })).toMatchObject({ maxHttpBufferSize: 500, pollingMaxBufferSize: 500 });
    expect(resolve({ maxHttpBufferSize: 500, pollingMaxBufferSize: 9 })).toMatchObject({ pollingMaxBufferSize: 9 });
  });

  it.each([
    [true, 1024],
    [false, null],
    [{}, 1024],
    [{ threshold: 0 }, 0],
    [{ threshold: 5 }, 5],
  ])('compresses polling answers for %j from %j bytes', (httpCompression, threshold) => {
    expect(resolve({ httpCompression }).httpCompressionThreshold).toBe(threshold);
  });

  it.each([
    [true, { name: 'io', path: '/', httpOnly: true, sameSite: 'lax' }],
    [
      { name: 'sid', secure: true },
      { name: 'sid', path: '/', httpOnly: true, sameSite: 'lax', secure: true },
    ],
    [
      { httpOnly: false, path: '/x' },
      { name: 'io', path: '/x', httpOnly: false, sameSite: 'lax' },
    ],
    [false, null],
  ])('makes of the cookie %j the cookie %j', (cookie, resolved) => {
    expect(resolve({ cookie }).cookie).toEqual(resolved);
  });

  it('keeps its own copy of a list', () => {
    const transports: EngineOptions['transports'] = ['websocket'];
    const resolved = resolve({ transports });
    transports.push('polling');
    expect(resolved.transports).toEqual(['websocket']);
  });

  it('gives the limits that are off by default sensible values with limits: public, and lets each be set', () => {
    const off = { maxConnections: Infinity, maxConnectionsPerIp: Infinity, maxHandshakesPerSecond: Infinity };
    const on = { maxConnections: 20_000, maxConnectionsPerIp: 500, maxHandshakesPerSecond: 500 };

    expect(resolve({})).toMatchObject(off);
    expect(resolve({ limits: 'public' })).toMatchObject(on);
    expect(resolve({ limits: 'public', maxConnectionsPerIp: 7 })).toMatchObject({ ...on, maxConnectionsPerIp: 7 });
    expect(() => resolve({ limits: 'private' as never })).toThrow('Invalid option "limits"');
  });

  it('takes four times sendQueueBytes for maxSendQueueBytes, at least 64 KiB, and nothing below sendQueueBytes', () => {
    expect(resolve({ sendQueueBytes: 100_000 }).maxSendQueueBytes).toBe(400_000);
    expect(resolve({ sendQueueBytes: 100 }).maxSendQueueBytes).toBe(65_536);
    expect(resolve({ sendQueueBytes: 100, maxSendQueueBytes: 100 }).maxSendQueueBytes).toBe(100);
    expect(() => resolve({ sendQueueBytes: 100, maxSendQueueBytes: 99 })).toThrow('Invalid option "maxSendQueueBytes"');
  });
});

function resolve(options: EngineOptions) {
  return resolveEngineOptions(new OptionReader(options as Record<string, unknown>), ENGINE_DEFAULTS);
}

function expectRefused(option: string, given: unknown, expected: string): void {
  expect(() => resolve({ [option]: given })).toThrow(
    expect.objectContaining({ name: 'OptionError', option, given, expected: expect.stringContaining(expected) }),
  );
}
