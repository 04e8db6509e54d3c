import { EventEmitter } from 'node:events';
import type { Socket } from '../../../src/server.js';
import { connectClient } from '../../support/official-client.js';
import { startServer } from '../../support/server.js';
import { nextEvent } from '../../support/until.js';

interface Replaceable {
  onevent: (packet: { type: number; nsp: string; data: unknown[]; id?: number }) => void;
  ack: (id: number) => (...args: unknown[]) => void;
}

const replaceable = (socket: Socket): Replaceable => socket as unknown as Replaceable;

describe('socket.onevent, replaced from outside', () => {
  it('gets each event with its packet, and may call the one it found', async () => {
    const { origin, io } = await startServer();
    const packets: unknown[] = [];
    io.use((socket, next) => {
      const target = replaceable(socket);
      const found = target.onevent;
      target.onevent = function (packet) {
        packets.push({ ...packet, data: [...packet.data] });
        found.call(this, packet);
      };
      next();
    });
    io.on('connection', (socket) => {
      socket.on('add', (a, b, answer) => answer(a + b));
      socket.on('bytes', (bytes, answer) => answer(bytes));
    });
    const client = await connectClient(origin);
    expect(await client.emitWithAck('add', 1, 2)).toBe(3);
    expect(await client.emitWithAck('bytes', Buffer.from('x'))).toEqual(Buffer.from('x'));
    expect(packets).toEqual([
      { type: 2, nsp: '/', data: ['add', 1, 2], id: 0 },
      { type: 2, nsp: '/', data: ['bytes', Buffer.from('x')], id: 1 },
    ]);
  });

  it('may emit to the listeners of the socket by itself, with an ack of socket.ack(), as wildcard packages do', async () => {
    const { origin, io } = await startServer();
    io.use((socket, next) => {
      replaceable(socket).onevent = function (this: Socket & Replaceable, packet) {
        const args = [...packet.data];
        if (packet.id !== undefined) args.push(this.ack(packet.id));
        EventEmitter.prototype.emit.call(this, '*', packet);
        EventEmitter.prototype.emit.apply(this, args as [string]);
      } as Replaceable['onevent'];
      next();
    });
    const all: unknown[] = [];
    io.on('connection', (socket) => {
      socket.on('*', ({ data }) => all.push(data));
      socket.on('echo', (value, answer) => answer(value));
    });
    const client = await connectClient(origin);
    client.emit('unknown', 1);
    expect(await client.emitWithAck('echo', 2)).toBe(2);
    expect(all).toEqual([
      ['unknown', 1],
      ['echo', 2],
    ]);
  });

  it('is reported where it throws, and the next event is served', async () => {
    const errors: unknown[] = [];
    const { origin, io } = await startServer({ onError: (error) => void errors.push(error) });
    io.on('connection', (socket) => {
      const target = replaceable(socket);
      const found = target.onevent;
      target.onevent = function (packet) {
        if (packet.data[0] === 'bad') throw new Error('no');
        found.call(this, packet);
      };
      socket.on('good', (answer) => answer('served'));
    });
    const client = await connectClient(origin);
    client.emit('bad');
    expect(await client.emitWithAck('good')).toBe('served');
    expect(errors).toEqual([new Error('no')]);
  });
});

describe('names of Socket.IO that packages read', () => {
  it('are there: socket.adapter, io.engine.clients, conn.server', async () => {
    const { origin, io } = await startServer();
    const connected = nextEvent(io, 'connection');
    const client = await connectClient(origin);
    const [socket] = (await connected) as [Socket];
    expect(socket.adapter).toBe(io.of('/').adapter);
    expect(socket.conn.server).toBe(io.engine);

    const { clients } = io.engine;
    const { id } = socket.conn;
    expect(clients[id]).toBe(socket.conn);
    expect(Object.keys(clients)).toEqual([id]);
    expect(Object.values(clients)).toEqual([socket.conn]);
    expect([id in clients, 'toString' in clients, '__proto__' in clients]).toEqual([true, false, false]);
    const left = nextEvent(socket, 'disconnect');
    client.disconnect();
    await left;
    socket.conn.close();
    expect(clients[id]).toBeUndefined();
  });
});
