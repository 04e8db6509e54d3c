import type { Packet } from '../../../src/socketio/index.js';
import { PacketType } from '../../../src/socketio/index.js';
import { encodeAck, encodeEvent, encodePacket } from '../../../src/socketio/codec/packet-encoder.js';

const A = Buffer.of(1, 2);
const B = Buffer.of(3);

describe('encodePacket', () => {
  it.each<[Packet, (string | Buffer)[]]>([
    [{ type: PacketType.CONNECT, nsp: '/', data: { sid: 'a' } }, ['0{"sid":"a"}']],
    [{ type: PacketType.CONNECT, nsp: '/chat', data: { sid: 'a' } }, ['0/chat,{"sid":"a"}']],
    [{ type: PacketType.DISCONNECT, nsp: '/' }, ['1']],
    [{ type: PacketType.DISCONNECT, nsp: '/chat' }, ['1/chat,']],
    [{ type: PacketType.EVENT, nsp: '/', data: ['e'] }, ['2["e"]']],
    [{ type: PacketType.EVENT, nsp: '/', data: ['e', 1, null, 'é'], id: 0 }, ['20["e",1,null,"é"]']],
    [{ type: PacketType.EVENT, nsp: '/chat', data: ['e', {}], id: 12 }, ['2/chat,12["e",{}]']],
    [{ type: PacketType.ACK, nsp: '/', data: [], id: 3 }, ['33[]']],
    [{ type: PacketType.ACK, nsp: '/chat', data: ['a'], id: 3 }, ['3/chat,3["a"]']],
    [{ type: PacketType.CONNECT_ERROR, nsp: '/', data: { message: 'no' } }, ['4{"message":"no"}']],
    [{ type: PacketType.EVENT, nsp: '/', data: ['e', A] }, ['51-["e",{"_placeholder":true,"num":0}]', A]],
    [
      { type: PacketType.EVENT, nsp: '/chat', data: ['e', { deep: [A, B] }], id: 7 },
      ['52-/chat,7["e",{"deep":[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]}]', A, B],
    ],
    [{ type: PacketType.ACK, nsp: '/', data: [B], id: 1 }, ['61-1[{"_placeholder":true,"num":0}]', B]],
    [{ type: PacketType.BINARY_EVENT, nsp: '/', data: ['e', 'text'] }, ['2["e","text"]']],
  ])('writes %j', (packet, parts) => {
    expect(encodePacket(packet)).toEqual(parts);
  });
});

describe('encodeEvent and encodeAck', () => {
  it('give one text where there are no bytes', () => {
    expect(encodeEvent('/', ['e', 1], undefined)).toBe('2["e",1]');
    expect(encodeEvent('/', ['e', 1], 5)).toBe('25["e",1]');
    expect(encodeAck('/a', [1], 5)).toBe('3/a,5[1]');
  });

  it.each<[string, unknown, Buffer]>([
    ['a Buffer', Buffer.of(1, 2, 3), Buffer.of(1, 2, 3)],
    ['a Uint8Array', Uint8Array.of(1, 2, 3), Buffer.of(1, 2, 3)],
    ['an ArrayBuffer', Uint8Array.of(1, 2, 3).buffer, Buffer.of(1, 2, 3)],
    ['a DataView of a part', new DataView(Uint8Array.of(0, 1, 2, 3, 0).buffer, 1, 3), Buffer.of(1, 2, 3)],
    ['a subarray', Uint8Array.of(0, 1, 2, 3, 0).subarray(1, 4), Buffer.of(1, 2, 3)],
    ['numbers of 16 bits', Uint16Array.of(0x0201), Buffer.of(1, 2)],
    ['nothing', new Uint8Array(0), Buffer.alloc(0)],
  ])('send %s as bytes', (_kind, value, bytes) => {
    expect(encodeEvent('/', ['e', value], undefined)).toEqual(['51-["e",{"_placeholder":true,"num":0}]', bytes]);
  });

  it('follow toJSON as JSON does', () => {
    const date = new Date(0);
    expect(encodeEvent('/', ['e', { toJSON: () => ({ bytes: A }) }, date], undefined)).toEqual([
      '51-["e",{"bytes":{"_placeholder":true,"num":0}},"1970-01-01T00:00:00.000Z"]',
      A,
    ]);
  });

  it('take a key called __proto__ for data, also beside bytes', () => {
    const value = JSON.parse('{"__proto__":{"admin":true}}') as Record<string, unknown>;
    expect(encodeEvent('/', ['e', value, A], undefined)[0]).toBe(
      '51-["e",{"__proto__":{"admin":true}},{"_placeholder":true,"num":0}]',
    );
  });

  it('leave the caller their value as it was', () => {
    const value = { list: [A], plain: 1 };
    encodeEvent('/', ['e', value], undefined);
    expect(value).toEqual({ list: [A], plain: 1 });
    expect(value.list[0]).toBe(A);
  });

  it('report a cycle in the words of JSON', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    expect(() => encodeEvent('/', ['e', cyclic], undefined)).toThrow('circular');
  });

  it('send the same bytes twice where they occur twice', () => {
    expect(encodeEvent('/', ['e', A, A], undefined)).toEqual([
      '52-["e",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
      A,
      A,
    ]);
  });
});
