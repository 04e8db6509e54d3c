import type { IncomingMessage } from 'node:http';
import { parseQuery } from '../../../src/engine/index.js';
import { cleanup } from '../../support/cleanup.js';
import { isFieldValue, parseEngineRequest, queryValue } from '../../../src/engine/http/engine-request.js';

describe('parseQuery', () => {
  it.each([
    ['/engine.io/', {}],
    ['/engine.io/?', {}],
    ['/engine.io/?EIO=4&transport=polling', { EIO: '4', transport: 'polling' }],
    ['/?a=1&a=2', { a: '2' }],
    ['/?a', { a: '' }],
    ['/?a=b=c', { a: 'b=c' }],
    ['/?a=%20x+y', { a: ' x y' }],
    ['/?a=%zz', { a: '%zz' }],
    ['/?a=1?b=2', { a: '1?b=2' }],
    ['/?=', { '': '' }],
    ['/?=1', { '': '1' }],
    ['/?&&a&b=1&', { a: '', b: '1' }],
    ['/?my__proto__=1', { my__proto__: '1' }],
  ])('takes %s apart', (url, query) => {
    expect(parseQuery(url)).toEqual(query);
  });

  it('takes a name that every object has, also where that cannot be written', () => {
    // oxlint-disable-next-line no-extend-native -- as in a process that froze it; taken away again
    Object.defineProperty(Object.prototype, 'frozen', { value: 'shared', configurable: true });
    cleanup(() => void Reflect.deleteProperty(Object.prototype, 'frozen'));

    expect(parseQuery('/?frozen=1&a=2')).toEqual({ frozen: '1', a: '2' });
  });
});

describe('queryValue', () => {
  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('knows no "%s" unless it was sent', (name) => {
    expect(queryValue(parseEngineRequest({ url: '/' } as IncomingMessage), name)).toBeUndefined();
    expect(queryValue(parseEngineRequest({ url: `/?${name}=1` } as IncomingMessage), name)).toBe('1');
  });

  it('takes a query over that a framework in front has parsed', () => {
    const request = { url: '/?sid=a', _query: { sid: 'b' } } as unknown as IncomingMessage;
    expect(queryValue(parseEngineRequest(request), 'sid')).toBe('b');
  });
});

describe('isFieldValue', () => {
  it.each(['', 'https://example.com', 'a\tb c', 'é\xff'])('accepts %j', (value) => {
    expect(isFieldValue(value)).toBe(true);
  });

  it.each(['a\r\nSet-Cookie: x', '\0', '\x1f', '\x7f', 'Ā', '😀'])('refuses %j', (value) => {
    expect(isFieldValue(value)).toBe(false);
  });
});
