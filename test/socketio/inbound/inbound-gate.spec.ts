import { InboundGate } from '../../../src/socketio/inbound/inbound-gate.js';
import { heapUsed } from '../../support/garbage.js';
import { joinedPeer } from '../../support/peer.js';
import { startServer } from '../../support/server.js';
import { nextEvent } from '../../support/until.js';

describe('InboundGate', () => {
  const events: [unknown[], number][] = [
    [['e', 1, { a: [null, 'é'] }], -1],
    [['e', Buffer.of(1), { b: Buffer.of(2) }], 7],
    [[5, 'a number as name'], 0],
  ];

  it.each([false, true])('lets events through as they came, in order (values of a parser: %s)', (keepsValues) => {
    const gate = new InboundGate(keepsValues);
    for (const [args, id] of events) gate.hold(args, id);
    const passed: unknown[] = [];
    while (gate.count > 0) gate.releaseOne((args, id) => passed.push([args, id]));
    expect(passed).toEqual(events);
    expect(gate.bytes).toBe(0);
  });

  it('holds nothing of what it has let through, though it is never empty', async () => {
    const gate = new InboundGate(false);
    const before = await heapUsed();
    gate.hold(['e', 0], -1);
    let last: unknown;
    for (let i = 1; i <= 300_000; i++) {
      gate.hold(['e', i], -1);
      gate.releaseOne((args) => (last = args[1]));
    }
    expect([last, gate.count]).toEqual([299_999, 1]);
    expect((await heapUsed()) - before).toBeLessThan(1_000_000);
  });

  it('counts what it holds, as it travels', () => {
    const gate = new InboundGate(false);
    gate.hold(['e', 'é'], 3);
    expect(gate.bytes).toBe(Buffer.byteLength('23["e","é"]'));
    gate.hold(['e', Buffer.alloc(100)], -1);
    expect(gate.bytes).toBe(Buffer.byteLength('23["e","é"]51-["e",{"_placeholder":true,"num":0}]') + 100);
    expect(gate.count).toBe(2);
  });

  it('keeps what JSON does not have, if a parser has made it', () => {
    const gate = new InboundGate(true);
    const date = new Date(0);
    gate.hold(['e', date, 5n], -1);
    let passed: unknown[] = [];
    gate.releaseOne((args) => (passed = args));
    expect(passed).toEqual(['e', date, 5n]);
  });
});

describe('maxPendingBytes', () => {
  it('disconnects the socket', async () => {
    const { io, url } = await startServer({ maxPendingBytes: 50 });
    io.sockets.handlerTable().connect = () => new Promise(() => {});
    const peer = await joinedPeer('websocket', url);
    const gone = nextEvent([...io.sockets.sockets.values()][0], 'disconnect');
    const framing = '2["e",""]'.length;
    await peer.send(`42["e","${'x'.repeat(50 - framing)}"]`);
    await peer.send('42["e"]');
    expect(await peer.next()).toBe('41');
    expect((await gone)[1]).toMatchObject({ code: 'TOO_MANY_PENDING_EVENTS' });
  });
});

describe('a number as the name of an event', () => {
  it('is heard under its text, and acknowledged', async () => {
    const { io, url } = await startServer();
    io.on('connection', (socket) => socket.on('5', (value: unknown, ack: (value: unknown) => void) => ack(value)));
    const peer = await joinedPeer('websocket', url);
    await peer.send('420[5,"x"]');
    expect(await peer.next()).toBe('430["x"]');
  });
});
