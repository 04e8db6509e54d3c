import { InboundGate } from '../../../src/socketio/inbound/inbound-gate.js';
import { SERVER_DEFAULTS, resolveServerOptions } from '../../../src/socketio/index.js';
import { joinedPeer } from '../../support/peer.js';
import { startServer } from '../../support/server.js';
import { nextEvent } from '../../support/until.js';

const limits = resolveServerOptions({ maxPendingEvents: 3, maxPendingBytes: 100 }, SERVER_DEFAULTS);

describe('InboundGate', () => {
  it('lets events through as they came, in order', () => {
    const gate = new InboundGate(resolveServerOptions({}, SERVER_DEFAULTS));
    const events: [unknown[], number][] = [
      [['e', 1, { a: [null, 'é'] }], -1],
      [['e', Buffer.of(1), { b: Buffer.of(2) }], 7],
      [[5, 'a number as name'], 0],
    ];
    for (const [args, id] of events) expect(gate.hold(args, id)).toBe(true);
    const passed: unknown[] = [];
    gate.release((args, id) => passed.push([args, id]));
    expect(passed).toEqual(events);
  });

  it('takes as many as it may, and as many bytes, and not one more', () => {
    const gate = new InboundGate(limits);
    for (let i = 0; i < 3; i++) expect(gate.hold(['e'], -1)).toBe(true);
    expect(gate.hold(['e'], -1)).toBe(false);
    const other = new InboundGate(limits);
    const framing = '2["e",""]'.length;
    expect(other.hold(['e', 'x'.repeat(100 - framing)], -1)).toBe(true);
    expect(other.hold(['e'], -1)).toBe(false);
  });
});

describe('maxPendingBytes', () => {
  it('disconnects the socket', async () => {
    const { io, url } = await startServer({ maxPendingBytes: 50 });
    io.sockets.handlerTable().connect = () => new Promise(() => {});
    const peer = await joinedPeer('websocket', url);
    const gone = nextEvent([...io.sockets.sockets.values()][0], 'disconnect');
    await peer.send('42["e","a few bytes"]', `42["e","${'x'.repeat(50)}"]`);
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
