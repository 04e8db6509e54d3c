import type { Socket } from '../../src/socketio/index.js';
import { openPolling } from '../support/engine-client.js';
import { joinedPeer } from '../support/peer.js';
import { RawSocket, openRawWebSocket, textFrame, upgradeRequest } from '../support/raw-socket.js';
import { startServer, type RunningServer } from '../support/server.js';
import { nextEvent, nextRequest, until } from '../support/until.js';

const PATH = '/socket.io/';

/** How a connection gets to the point at which it is dropped. */
const STAGES: Record<string, (server: RunningServer) => Promise<RawSocket>> = {
  async 'in the middle of a request'({ port, http }) {
    const accepted = nextEvent(http, 'connection');
    const raw = new RawSocket(port);
    await accepted;
    raw.write(`GET ${PATH}?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nX-Half: `);
    return raw;
  },
  async 'in the middle of a handshake'({ port, http }) {
    const accepted = nextEvent(http, 'connection');
    const raw = new RawSocket(port);
    await accepted;
    raw.write(upgradeRequest(`${PATH}?EIO=4&transport=websocket`).slice(0, -3));
    return raw;
  },
  'without a CONNECT': ({ port }) => openRawWebSocket(port, PATH),
  async 'in the middle of a frame'({ port }) {
    const raw = await openRawWebSocket(port, PATH);
    raw.write(textFrame('40{"token":"abc"}').subarray(0, 12));
    return raw;
  },
  async 'after the probe of an upgrade'({ port, url }) {
    const { sid } = await openPolling(url);
    const raw = new RawSocket(port);
    raw.write(upgradeRequest(`${PATH}?EIO=4&transport=websocket&sid=${sid}`));
    await raw.arrival('\r\n\r\n');
    raw.write(textFrame('2probe'));
    await raw.arrival('3probe');
    return raw;
  },
  async 'in the middle of a POST'({ port, url, http }) {
    const { sid } = await openPolling(url);
    const asked = nextRequest(http);
    const raw = new RawSocket(port);
    raw.write(`POST ${PATH}?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n40`);
    await asked;
    return raw;
  },
  async 'while a poll waits'({ port, url, http }) {
    const { sid } = await openPolling(url);
    const asked = nextRequest(http);
    const raw = new RawSocket(port);
    raw.write(`GET ${PATH}?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await asked;
    return raw;
  },
  async 'with an attachment outstanding'(server) {
    const raw = await joined(server);
    raw.write(textFrame('452-["e",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'));
    return raw;
  },
  async 'in rooms, with an ack outstanding'(server) {
    const raw = await joined(server);
    raw.write(textFrame('42["enter"]'));
    await raw.arrival('"question"');
    return raw;
  },
  async 'in a dynamic namespace'(server) {
    const raw = await joined(server);
    raw.write(textFrame(`40/dynamic-${Math.random()},`));
    await raw.arrival('40/dynamic-');
    return raw;
  },
};

/** Dropped as often as their part of a thousand says; half of all before they have joined anything. */
const SHARES: Record<string, number> = {
  'in the middle of a request': 120,
  'in the middle of a handshake': 120,
  'without a CONNECT': 160,
  'in the middle of a frame': 100,
  'after the probe of an upgrade': 100,
  'in the middle of a POST': 80,
  'while a poll waits': 80,
  'with an attachment outstanding': 80,
  'in rooms, with an ack outstanding': 80,
  'in a dynamic namespace': 80,
};

describe('a server whose clients are cut off', () => {
  it.each(Object.keys(STAGES))('keeps nothing of one that goes %s', async (stage) => {
    const server = await start();
    const before = await baseline(server);

    for (const abruptly of [true, false]) (await STAGES[stage](server)).drop(abruptly);

    await expectBaseline(server, before);
  });

  it('is as before after a thousand of them, and serves the next [C10]', async () => {
    const server = await start();
    const before = await baseline(server);
    const stages = Object.entries(SHARES).flatMap(([stage, count]) => Array<string>(count).fill(stage));
    expect(stages).toHaveLength(1000);

    for (let at = 0; at < stages.length; at += 50) {
      // Every 20th of all, so that the stages are mixed.
      const batch = stages.filter((_stage, i) => i % 20 === at / 50);
      const raws = await Promise.all(batch.map((stage) => STAGES[stage](server)));
      raws.forEach((raw, i) => raw.drop(i % 2 === 0));
    }

    await expectBaseline(server, before);
    expect(server.errors).toEqual([]);
    const peer = await joinedPeer('websocket', server.url);
    await peer.send('42["echo",1]');
    expect(await peer.next()).toBe('42["echo",1]');
  }, 30_000);

  it('lets go of everything when it closes', async () => {
    const server = await start();
    for (const stage of Object.keys(STAGES)) await STAGES[stage](server);

    server.io.engine.close();
    server.http.closeAllConnections();
    await server.io.close();

    expect(server.io.engine.clientsCount).toBe(0);
    expect(server.io.wheel.size).toBe(0);
    expect(server.io.sockets.adapter.rooms.size).toBe(0);
  });
});

/** A server that gives up on silent peers soon, with an application that holds something for each. */
async function start(): Promise<RunningServer> {
  const server = await startServer({
    pingInterval: 1500,
    pingTimeout: 500,
    connectTimeout: 2000,
    closeTimeout: 200,
    cleanupEmptyChildNamespaces: true,
  });
  server.io.of(/^\/dynamic-/).on('connection', (socket) => void socket.join(['a', socket.nsp.name]));
  server.io.on('connection', (socket: Socket) => {
    socket.on('enter', () => {
      void socket.join(['lobby', `user ${socket.id}`]);
      socket.timeout(60_000).emit('question', () => {});
      socket.emit('question', () => {});
    });
  });
  return server;
}

async function joined({ port }: RunningServer): Promise<RawSocket> {
  const raw = await openRawWebSocket(port, PATH);
  raw.write(textFrame('40'));
  await raw.arrival('40{');
  return raw;
}

interface Baseline {
  connections: number;
  sessions: number;
  timers: number;
  rooms: number;
  sids: number;
  sockets: number;
  namespaces: string[];
  listeners: unknown;
}

async function baseline(server: RunningServer): Promise<Baseline> {
  const { io, http } = server;
  const { adapter, sockets } = io.sockets;
  return {
    connections: await new Promise((resolve, reject) => {
      http.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    }),
    sessions: io.engine.clientsCount,
    timers: io.wheel.size + io.idleWheel.size,
    rooms: adapter.rooms.size,
    sids: adapter.sids.size,
    sockets: sockets.size,
    namespaces: [...io._nsps.keys()],
    listeners: Object.fromEntries(http.eventNames().map((event) => [event, http.listenerCount(event)])),
  };
}

async function expectBaseline(server: RunningServer, before: Baseline): Promise<void> {
  const { io } = server;
  await until(
    () => io.engine.clientsCount === before.sessions && io.wheel.size + io.idleWheel.size === before.timers,
    'all is gone',
    15_000,
  );
  // Connections that a pool of the test's own client keeps open are no leak of the server's.
  server.http.closeIdleConnections();
  let open = -1;
  await until(() => {
    server.http.getConnections((_error, count) => (open = count));
    return open === before.connections;
  }, 'all connections are gone');
  expect({ ...(await baseline(server)), connections: open }).toEqual(before);
}
