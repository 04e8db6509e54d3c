import { checkEvent, decodePacket, type PacketSink } from '../../../src/socketio/codec/packet-decoder.js';

const LIMITS = {
  maxEventNameLength: 8,
  maxEventArgs: 3,
  maxNamespaceLength: 10,
  maxAttachments: 12,
  maxJsonDepth: 4,
  maxAuthPayload: 20,
};

const PLACEHOLDER = { _placeholder: true, num: 0 };

type Call = [method: keyof PacketSink, ...args: unknown[]];

describe('decodePacket', () => {
  it.each<[string, Call]>([
    ['0', ['onConnectPacket', '/', undefined]],
    ['0{"a":1}', ['onConnectPacket', '/', { a: 1 }]],
    ['0/chat', ['onConnectPacket', '/chat', undefined]],
    ['0/chat,', ['onConnectPacket', '/chat', undefined]],
    ['0/chat,{"a":1}', ['onConnectPacket', '/chat', { a: 1 }]],
    ['0/a?b=c,{}', ['onConnectPacket', '/a?b=c', {}]],
    ['0/,', ['onConnectPacket', '/', undefined]],
    ['0{"__proto__":1}', ['onConnectPacket', '/', JSON.parse('{"__proto__":1}')]],
    ['1', ['onDisconnect', '/']],
    ['1/chat,', ['onDisconnect', '/chat']],
    ['1/chat', ['onDisconnect', '/chat']],
    ['2["e"]', ['onEvent', '/', ['e'], -1]],
    ['2[""]', ['onEvent', '/', [''], -1]],
    ['20["e",1]', ['onEvent', '/', ['e', 1], 0]],
    ['2007["e"]', ['onEvent', '/', ['e'], 7]],
    ['2/chat,["e"]', ['onEvent', '/chat', ['e'], -1]],
    ['2/chat,12["e",{},[]]', ['onEvent', '/chat', ['e', {}, []], 12]],
    ['2/1,2["e"]', ['onEvent', '/1', ['e'], 2]],
    ['2[ "e" , 1 ] ', ['onEvent', '/', ['e', 1], -1]],
    ['30[]', ['onAck', '/', [], 0]],
    ['3/chat,5["a",1]', ['onAck', '/chat', ['a', 1], 5]],
    ['3["a"]', ['onAck', '/', ['a'], -1]],
    ['39007199254740991[]', ['onAck', '/', [], Number.MAX_SAFE_INTEGER]],
    ['51-["e",{"_placeholder":true,"num":0}]', ['onBinary', 5, '/', ['e', PLACEHOLDER], -1, 1]],
    ['512-/chat,7["e"]', ['onBinary', 5, '/chat', ['e'], 7, 12]],
    ['6002-3[1]', ['onBinary', 6, '/', [1], 3, 2]],
  ])('reads %s [H7, N13, K1]', (text, call) => {
    expect(decode(text)).toEqual([call]);
  });

  it.each([
    ['0/', 'onConnectPacket'],
    ['2/,["e"]', 'onEvent'],
  ] as const)('takes %s for the main namespace', (text, method) => {
    expect(decode(text)[0].slice(0, 2)).toEqual([method, '/']);
  });

  it.each([
    '0x',
    '0"text"',
    '0[1]',
    '0null',
    '0{"a":1}}',
    '0{"a":',
    '0{"a":{"b":{"c":{"d":{}}}}}',
    `0{"a":"${'é'.repeat(7)}x"}`,
  ])('gives null for the auth of %s', (text) => {
    expect(decode(text)).toEqual([['onConnectPacket', expect.any(String), null]]);
  });

  it.each<[string, Call]>([
    ['2', ['onNamelessEvent', '/']],
    ['27', ['onNamelessEvent', '/']],
    ['2/chat', ['onNamelessEvent', '/chat']],
    ['30', ['onAck', '/', [], 0]],
    ['3/chat,7', ['onAck', '/chat', [], 7]],
    ['51-', ['onBinary', 5, '/', [], -1, 1]],
    ['61-7', ['onBinary', 6, '/', [], 7, 1]],
    ['07{"a":1}', ['onConnectPacket', '/', { a: 1 }]],
    ['0/chat,7', ['onConnectPacket', '/chat', undefined]],
    ['17', ['onDisconnect', '/']],
    ['5 1-["e"]', ['onBinary', 5, '/', ['e'], -1, 1]],
    ['5001-["e"]', ['onBinary', 5, '/', ['e'], -1, 1]],
  ])('takes %j as the official decoder does', (text, call) => {
    expect(decode(text)).toEqual([call]);
  });

  it('takes an auth of exactly the bound, in bytes', () => {
    expect(decode(`0{"a":"${'é'.repeat(6)}"}`)).toEqual([['onConnectPacket', '/', { a: 'éééééé' }]]);
  });

  it.each([
    ['INVALID_PACKET', ['', 'x', '7', '9', '-', ' 2["e"]', '4', '4{"message":"m"}', '\u{1F600}']],
    ['INVALID_PACKET', ['2{}', '2"e"', '2null', '2true', '2x["e"]', '2 ["e"]']],
    ['INVALID_PACKET', ['2["e"', '2["e"]]', '2["e"]x', "2['e']", '2["e",]', '2["e",NaN]', '2[\u00a0"e"]']],
    ['INVALID_PACKET', ['2-1["e"]', '2+1["e"]', '21.5["e"]', '21e3["e"]', '20x1["e"]', '2٣["e"]']],
    ['INVALID_PACKET', ['1x', '1{}', '1/chat,x', '1/chat,{}', '1 ']],
    ['INVALID_PACKET', ['5["e"]', '5-["e"]', '50-["e"]', '500-["e"]', '5x-["e"]', '51["e"]', '51.5-["e"]']],
    ['INVALID_PACKET', ['5-1-["e"]', '51e999-["e"]', '5'.padEnd(5000, '1'), '6-[]', '60-[]']],
    ['INVALID_EVENT', ['2[]', '2[null]', '2[{}]', '2[["e"]]', '2[true]', '51-[]', '51-[null]']],
    ['INVALID_EVENT', ['2["connect"]', '51-["connect"]']],
    [
      'INVALID_ACK_ID',
      ['29007199254740992["e"]', '39007199254740992[]', `2${'9'.repeat(400)}["e"]`, '200000000000000001["e"]'],
    ],
    ['EVENT_NAME_TOO_LONG', ['2["123456789"]', '2["€€€"]']],
    ['TOO_MANY_ARGUMENTS', ['2["e",1,2,3,4]', '30[1,2,3,4]', '51-["e",1,2,3,4]', '61-0[1,2,3,4]']],
    ['INVALID_NAMESPACE', ['2/1234567890,["e"]', '0/1234567890', '1/1234567890', '2/€€€€,["e"]']],
    ['INVALID_NAMESPACE', ['0/a\n', '0/a\0,', '2/\x7f,["e"]', '1/\x1f,', '0/\r\n,']],
    ['TOO_MANY_ATTACHMENTS', ['513-["e"]', '5999999-["e"]', '5 1e9-["e"]', '613-[]']],
    ['JSON_TOO_DEEP', ['2["e",[[[[]]]]]', '30[[[[[]]]]]', '51-["e",{"a":{"b":{"c":{}}}}]']],
  ])('refuses with %s: %j', (code, texts) => {
    for (const text of texts) {
      const calls: Call[] = [];
      expect(() => decode(text, calls)).toThrow(expect.objectContaining({ name: 'ProtocolError', code }));
      expect(calls).toEqual([]);
    }
  });

  it.each([
    ['name', '2["12345678"]'],
    ['name in bytes', '2["€€ab"]'],
    ['arguments', '2["e",1,2,3]'],
    ['arguments of an ack', '30[1,2,3]'],
    ['namespace', '2/123456789,["e"]'],
    ['namespace in bytes', '2/€€€,["e"]'],
    ['attachments', '512-["e"]'],
    ['depth', '2["e",[[[]]]]'],
  ])('accepts what is at the bound of the %s', (_bound, text) => {
    expect(decode(text)).toHaveLength(1);
  });

  it('is through with garbage of a million characters in a moment', () => {
    const started = performance.now();
    const garbage = ['2/', '2', '5', '5-', '0/', '0{', '2["', '3[', '51-/'].map((start) =>
      start.padEnd(1_000_000, '1'),
    );
    for (const text of garbage) {
      try {
        decode(text);
      } catch {
        continue;
      }
    }
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('checkEvent', () => {
  it.each(['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'])(
    'refuses the reserved name %s',
    (name) => {
      expect(() => checkEvent([name], { ...LIMITS, maxEventNameLength: 256 })).toThrow(
        expect.objectContaining({ code: 'INVALID_EVENT' }),
      );
    },
  );

  it.each(['message', 'error', '__proto__', 'constructor', 'Connect', 'connection', ''])('accepts %j', (name) => {
    expect(() => checkEvent([name], { ...LIMITS, maxEventNameLength: 256 })).not.toThrow();
  });
});

describe('decodePacket, with a sink that screens events', () => {
  it.each([
    ['2["e",{"a":1}]', 'e', -1],
    ['2/n,7["e"]', 'e', 7],
    ['2[""]', '', -1],
    ['2["\\u0065",1]', 'e', -1],
    ['2["e", not JSON', 'e', -1],
  ])('asks about %s by its name and reads no further', (text, name, id) => {
    const asked: unknown[] = [];
    const refuse = (_nsp: string, ...event: unknown[]): boolean => {
      asked.push(...event);
      return false;
    };
    expect(decode(text, [], refuse)).toEqual([]);
    expect(asked).toEqual([name, id]);
  });

  it.each(['2["e",{"a":[1]},"x"]', '2/n,7["e"]', '2["\\u0065",1]', '2["a\\"b"]', '2[1,2]'])(
    'hands on what is taken, as without it: %s',
    (text) => {
      const plain = outcomeOf(() => decode(text));
      expect(outcomeOf(() => decode(text, [], () => true))).toEqual(plain);
    },
  );

  it.each<[string, string]>([
    ['2["connect",1]', 'INVALID_EVENT'],
    ['2["longer than 8",1]', 'EVENT_NAME_TOO_LONG'],
    ['2["e",[[[[[]]]]]]', 'JSON_TOO_DEEP'],
  ])('holds the bounds of %s against what is not taken', (text, code) => {
    expect(() => decode(text, [], () => false)).toThrow(expect.objectContaining({ code }));
  });

  it('holds them against what is taken, too', () => {
    expect(() => decode('2["e",1,2,3,4]', [], () => true)).toThrow(
      expect.objectContaining({ code: 'TOO_MANY_ARGUMENTS' }),
    );
    expect(() => decode('2["e", not JSON', [], () => true)).toThrow(
      expect.objectContaining({ code: 'INVALID_PACKET' }),
    );
  });
});

describe('an event without arguments', () => {
  it.each(['2["e"]', '2["é"]', '2["\\n"]', '2["a b"]', '2[ "e" ]'])('is read as by a parser: %s', (text) => {
    expect(decode(text)).toEqual([['onEvent', '/', JSON.parse(text.slice(1)), -1]]);
  });

  it.each(['2["a\nb"]', '2["]', '2["a]', '2["a"b"]', '2["a\\"]'])('is refused as by a parser: %j', (text) => {
    expect(() => JSON.parse(text.slice(1))).toThrow(SyntaxError);
    expect(() => decode(text)).toThrow(expect.objectContaining({ code: 'INVALID_PACKET' }));
  });
});

function outcomeOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

function decode(text: string, calls: Call[] = [], takes?: PacketSink['takesEvent']): Call[] {
  const record =
    (method: keyof PacketSink) =>
    (...args: unknown[]): void =>
      void calls.push([method, ...args]);
  decodePacket(text, LIMITS, {
    onConnectPacket: record('onConnectPacket'),
    onDisconnect: record('onDisconnect'),
    onEvent: record('onEvent'),
    onNamelessEvent: record('onNamelessEvent'),
    onAck: record('onAck'),
    onBinary: record('onBinary'),
    screensEvents: takes !== undefined,
    takesEvent: takes ?? (() => true),
    readsEvent: () => true,
  });
  return calls;
}
