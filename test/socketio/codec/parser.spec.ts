import { EventEmitter } from 'node:events';
import * as msgpack from 'socket.io-msgpack-parser';
import type { Packet, Parser, ServerOptions, Socket } from '../../../src/socketio/index.js';
import type { WireSocket } from '../../support/engine-client.js';
import { WAYS, connectClient, openClient, type Way } from '../../support/official-client.js';
import { openSession } from '../../support/socketio-client.js';
import { startServer } from '../../support/server.js';
import { nextEvent } from '../../support/until.js';

const MSGPACK = msgpack as unknown as Parser & { Encoder: new () => { encode(packet: Packet): Buffer[] } };

describe('socket.io-msgpack-parser on both ends', () => {
  it.each(Object.keys(WAYS) as Way[])('carries events, bytes, acks and namespaces over %s', async (way) => {
    const server = await startServer({ parser: MSGPACK });
    server.io.of('/a').on('connection', (socket) => socket.on('ask', (value, reply) => reply([value, 'from a'])));
    const client = await connectClient(server.origin, { ...WAYS[way], parser: MSGPACK });
    const other = client.io.socket('/a');
    await nextEvent(other, 'connect');

    expect(await client.emitWithAck('echo', Buffer.of(1, 2))).toEqual(Buffer.of(1, 2));
    expect(await client.emitWithAck('echo', { list: [1, 'é', null, { bytes: Buffer.of(3) }] })).toEqual({
      list: [1, 'é', null, { bytes: Buffer.of(3) }],
    });
    expect(await other.emitWithAck('ask', 5)).toEqual([5, 'from a']);
  });

  it('carries what this side emits: events, broadcasts and acks that it asks for', async () => {
    const server = await startServer({ parser: MSGPACK });
    const joined = nextEvent(server.io, 'connection');
    const client = await connectClient(server.origin, { parser: MSGPACK });
    const [socket] = (await joined) as [Socket];
    client.on('ask', (value: Buffer, reply: (back: Buffer) => void) => reply(value));
    const news = nextEvent(client, 'news');

    server.io.emit('news', 1, Buffer.of(2));

    expect(await news).toEqual([1, Buffer.of(2)]);
    expect(await socket.timeout(1000).emitWithAck('ask', Buffer.of(7))).toEqual(Buffer.of(7));
    expect(await server.io.timeout(1000).emitWithAck('ask', Buffer.of(8))).toEqual([Buffer.of(8)]);
  });

  it('refuses and disconnects as ever', async () => {
    const server = await startServer({ parser: MSGPACK });
    server.io.of('/closed').use((_socket, next) => next(Object.assign(new Error('no'), { data: { why: 1 } })));
    const joined = nextEvent(server.io, 'connection');
    const client = await connectClient(server.origin, { parser: MSGPACK });
    const refused = openClient(`${server.origin}/closed`, { parser: MSGPACK });
    const [socket] = (await joined) as [Socket];

    expect((await nextEvent(refused, 'connect_error'))[0]).toMatchObject({ message: 'no', data: { why: 1 } });
    const gone = nextEvent(client, 'disconnect');
    socket.disconnect();
    expect((await gone)[0]).toBe('io server disconnect');
  });
});

describe('a custom parser', () => {
  const event = (...data: unknown[]): Packet => ({ type: 2, nsp: '/', data });

  it.each<[string, unknown, string, ServerOptions?]>([
    ['a name that is neither text nor a number', event(true), 'INVALID_EVENT'],
    ['a reserved name', event('connect'), 'INVALID_EVENT'],
    ['a name that is too long', event('123456789'), 'EVENT_NAME_TOO_LONG', { maxEventNameLength: 8 }],
    ['too many arguments', event('e', 1, 2), 'TOO_MANY_ARGUMENTS', { maxEventArgs: 1 }],
    [
      'too many arguments of an ack',
      { type: 3, nsp: '/', id: 0, data: [1, 2] },
      'TOO_MANY_ARGUMENTS',
      { maxEventArgs: 1 },
    ],
    ['an unknown type', { type: 9, nsp: '/', data: [] }, 'INVALID_PACKET'],
    ['a CONNECT_ERROR', { type: 4, nsp: '/', data: {} }, 'INVALID_PACKET'],
    ['no payload', { type: 2, nsp: '/' }, 'INVALID_PACKET'],
    ['a namespace that was not joined', { ...event('e'), nsp: '/other' }, 'NOT_CONNECTED'],
    ['a namespace that is too long', { type: 0, nsp: '/123456789' }, 'INVALID_NAMESPACE', { maxNamespaceLength: 9 }],
    ['a namespace with control characters', { type: 0, nsp: '/a\n' }, 'INVALID_NAMESPACE'],
    ['an ack id that is no such number', { ...event('e'), id: -1 }, 'INVALID_ACK_ID'],
    ['an event that nests too deep', event('e', nested(4)), 'JSON_TOO_DEEP', { maxJsonDepth: 4 }],
    [
      'an ack that nests too deep',
      { type: 3, nsp: '/', id: 0, data: [{ a: nested(3) }] },
      'JSON_TOO_DEEP',
      {
        maxJsonDepth: 4,
      },
    ],
  ])('is held to the same bounds: %s', async (_flaw, packet, code, options = {}) => {
    const { server, wire } = await joined({ parser: MSGPACK, ...options });
    const closed = nextEvent([...server.io.engine.sessions.values()][0], 'close');

    wire.send(new MSGPACK.Encoder().encode(packet as Packet)[0]);

    expect(await closed).toEqual(['parse error', expect.objectContaining({ code })]);
    expect(server.errors).toEqual([]);
  });

  it('passes what nests as deep as it may', async () => {
    const { server, wire } = await joined({ parser: MSGPACK, maxJsonDepth: 4 });
    const [socket] = server.io.sockets.sockets.values();
    const heard = nextEvent(socket, 'e');
    wire.send(new MSGPACK.Encoder().encode(event('e', nested(3)))[0]);
    expect(await heard).toEqual([nested(3)]);
  });

  it('ends the session where it gives up on nesting itself', async () => {
    const { server, wire } = await joined({ parser: MSGPACK });
    const closed = nextEvent([...server.io.engine.sessions.values()][0], 'close');
    // Arrays of one array each.
    wire.send(Buffer.alloc(900_000, 0x91));
    expect(await closed).toEqual(['parse error', expect.objectContaining({ code: 'JSON_TOO_DEEP' })]);
    expect(server.errors).toEqual([]);
  });

  it.each<[string, object, ServerOptions]>([
    ['text', { token: 'x'.repeat(89) }, { maxAuthPayload: 101 }],
    ['bytes', { token: Buffer.alloc(91) }, { maxAuthPayload: 101 }],
    ['many fields', { a: 1, b: [true, null], c: {} }, { maxAuthPayload: 30 }],
    ['many characters of two bytes', { é: 'é'.repeat(10) }, { maxAuthPayload: 29 }],
    ['levels', { a: nested(2) }, { maxJsonDepth: 3 }],
  ])('holds auth to its bounds, on both sides: %s', async (_what, auth, options) => {
    const [[name, bound]] = Object.entries(options) as [[string, number]];
    const given = { parser: MSGPACK, auth } as never;
    const [within, above] = [
      await startServer({ parser: MSGPACK, ...options }),
      await startServer({ parser: MSGPACK, [name]: bound - 1 }),
    ];
    const joining = nextEvent(within.io, 'connection');
    await connectClient(within.origin, given);
    const [socket] = (await joining) as [Socket];
    expect(socket.handshake.auth).toEqual(auth);
    const refused = openClient(above.origin, given);
    expect((await nextEvent(refused, 'connect_error'))[0]).toMatchObject({ message: 'Invalid auth payload' });
  });

  it('ends the session where it throws', async () => {
    const { server, wire } = await joined({ parser: MSGPACK });
    const closed = nextEvent([...server.io.engine.sessions.values()][0], 'close');

    wire.send(Uint8Array.of(0xc1, 0xff));

    expect(await closed).toEqual(['parse error', expect.objectContaining({ code: 'INVALID_PACKET' })]);
  });

  it.each([new Error('secret 4711 at 5'), 'secret 4711', null])(
    'tells what it throws as a cause alone: %s',
    async (thrown) => {
      const parser: Parser = {
        Encoder: PLAIN.Encoder,
        Decoder: class extends PLAIN.Decoder {
          override add(data: string | Buffer): void {
            if (data === 'broken') throw thrown;
            super.add(data);
          }
        },
      };
      const server = await startServer({ parser });
      const joining = nextEvent(server.io, 'connection');
      const wire = await openSession(server.url);
      wire.send(`4${JSON.stringify({ type: 0, nsp: '/' })}`);
      await wire.next();
      const [socket] = (await joining) as [Socket];
      const [failed, gone] = [nextEvent(socket, 'error'), nextEvent(socket, 'disconnect')];

      wire.send('4broken');

      const message = 'the parser could not read a packet';
      const [error] = (await failed) as [Error];
      expect([error.message, error.cause]).toEqual([message, thrown]);
      const [reason, details] = await gone;
      expect([reason, details]).toMatchObject(['parse error', { code: 'INVALID_PACKET', message }]);
      expect((await wire.closed).reason).toBe('');
      expect(JSON.stringify(wire.unread)).not.toContain('4711');
    },
  );

  it('may send text that holds the separator of joined packets', async () => {
    const server = await startServer({ parser: PLAIN });
    server.io.on('connection', (socket) => socket.on('text', (text) => socket.emit('text', text)));
    const wire = await openSession(server.url);
    wire.send(`4${JSON.stringify({ type: 0, nsp: '/' })}`);
    await wire.next();

    // As it stands, not escaped as JSON would.
    wire.send(`4${JSON.stringify({ type: 2, nsp: '/', data: ['text', 'a#b'] }).replace('#', '\x1e')}`);

    expect(await wire.next()).toContain('"text"');
  });

  it('destroys its decoder with the connection', async () => {
    let destroyed = 0;
    class Decoder extends PLAIN.Decoder {
      destroy(): void {
        destroyed++;
      }
    }
    const server = await startServer({ parser: { ...PLAIN, Decoder } });
    const wire = await openSession(server.url);
    const [session] = server.io.engine.sessions.values();
    const closed = nextEvent(session, 'close');

    wire.close();
    await closed;

    expect(destroyed).toBe(1);
  });
});

/** So many arrays, one in another. */
function nested(levels: number): unknown[] {
  return levels === 1 ? [] : [nested(levels - 1)];
}

/** Packets as JSON, with nothing around them. */
const PLAIN = {
  Encoder: class {
    encode(packet: Packet): string[] {
      return [JSON.stringify(packet)];
    }
  },
  Decoder: class extends EventEmitter {
    add(text: string | Buffer): void {
      this.emit('decoded', JSON.parse(String(text).replaceAll('\x1e', '#')));
    }
  },
};

/** A session in the main namespace that speaks MessagePack. */
async function joined(options: ServerOptions) {
  const server = await startServer(options);
  const wire: WireSocket = await openSession(server.url);
  wire.send(new MSGPACK.Encoder().encode({ type: 0, nsp: '/' })[0]);
  await wire.next();
  return { server, wire };
}
