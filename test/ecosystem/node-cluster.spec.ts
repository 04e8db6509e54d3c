import path from 'node:path';
import type { Socket as ClientSocket } from 'socket.io-client';
import { cleanup } from '../support/cleanup.js';
import { WAYS, openClient, type ClientOptions, type Way } from '../support/official-client.js';
import { buildSamples } from '../support/sample.js';
import { nextEvent, until, within } from '../support/until.js';
import { Daemon } from './support/daemon.js';

/** A property of the server, or a method and its arguments. */
type Step = [name: string, ...args: unknown[]];

const { jest } = import.meta;

/** Each test starts three processes. */
jest.setTimeout(20_000);

/** Soon, and again and again: what was handed to a worker that ends may get no answer. */
const RETRY: ClientOptions = { reconnection: true, reconnectionDelay: 10, reconnectionDelayMax: 50, timeout: 500 };

// Among what it builds is the package itself, which the workers run.
beforeAll(buildSamples, 120_000);

describe('@socket.io/cluster-adapter with @socket.io/sticky', () => {
  /** The address of two workers. */
  async function start(): Promise<string> {
    const daemon = await Daemon.start({
      program: process.execPath,
      args: [path.join(import.meta.dirname, 'fixtures/sticky-workers.mjs')],
      ready: /http:\/\/\S+(?= )/,
    });
    cleanup(() => daemon.stop('SIGTERM'));
    return daemon.greeting[0];
  }

  /** Clients until there is one on each worker, in the order of the workers. */
  async function connectToEach(url: string, way: Way): Promise<[ClientSocket, ClientSocket]> {
    const byWorker: ClientSocket[] = [];
    while (byWorker[1] === undefined || byWorker[2] === undefined) {
      const client = await connect(url, way);
      byWorker[await workerOf(client)] = client;
    }
    return [byWorker[1], byWorker[2]];
  }

  describe.each(Object.keys(WAYS) as Way[])('over %s', (way) => {
    it('keeps a session with its worker, and reaches those of the others', async () => {
      const clients = await connectToEach(await start(), way);
      const heard = clients.map((client) => nextEvent(client, 'news'));
      await call(clients[0], ['emit', 'news', 1, Buffer.from([2])]);
      expect(await Promise.all(heard)).toEqual([
        [1, Buffer.from([2])],
        [1, Buffer.from([2])],
      ]);
    });

    it('takes more than one packet of the network', async () => {
      const [client] = await connectToEach(await start(), way);
      const long = 'x'.repeat(200_000);
      const heard = nextEvent(client, 'news');
      await call(client, ['emit', 'news', long]);
      expect(await heard).toEqual([long]);
    });
  });

  it('reaches rooms across workers, and past them', async () => {
    const clients = await connectToEach(await start(), 'websocket');
    const got = clients.map(record);
    await clients[1].emitWithAck('join', 'room');
    await call(clients[0], ['to', 'room'], ['emit', 'in']);
    await call(clients[0], ['except', 'room'], ['emit', 'out']);
    const ends = clients.map((client) => nextEvent(client, 'end'));
    await call(clients[0], ['emit', 'end']);
    await Promise.all(ends);
    expect(got).toEqual([
      ['out', 'end'],
      ['in', 'end'],
    ]);
  });

  it('collects acks across workers', async () => {
    const clients = await connectToEach(await start(), 'websocket');
    clients.forEach((client, i) => client.on('ask', (ack: (value: Buffer) => void) => ack(Buffer.from([i]))));
    // There may be more clients, of which each worker had more than one: they answer nothing.
    for (const client of clients) await client.emitWithAck('join', 'asked');
    const steps: Step[] = [
      ['to', 'asked'],
      ['timeout', 5_000],
      ['emitWithAck', 'ask'],
    ];
    const answers = (await call(clients[0], ...steps)) as Buffer[];
    expect(answers.toSorted(Buffer.compare)).toEqual([Buffer.from([0]), Buffer.from([1])]);
  });

  it('finds, moves and disconnects sockets across workers', async () => {
    const clients = await connectToEach(await start(), 'websocket');
    await clients[1].emitWithAck('join', 'room');
    await call(clients[0], ['in', 'room'], ['socketsJoin', 'other']);
    const found = await call(clients[0], ['in', 'other'], ['fetchSockets']);
    expect(found).toEqual([{ id: clients[1].id, data: { worker: 2 } }]);
    const gone = nextEvent(clients[1], 'disconnect');
    await call(clients[0], ['in', 'other'], ['disconnectSockets']);
    expect((await gone)[0]).toBe('io server disconnect');
    expect(clients[0].connected).toBe(true);
  });

  it('asks the servers of other workers', async () => {
    const [client] = await connectToEach(await start(), 'websocket');
    expect(await call(client, ['serverSideEmitWithAck', 'worker?'])).toEqual([2]);
  });

  it('lets the clients of a worker that ends go on with another one', async () => {
    const url = await start();
    const [, staying] = await connectToEach(url, 'websocket');
    const moving = open(url, { ...WAYS.polling, ...RETRY });
    await nextEvent(moving, 'connect');
    while ((await workerOf(moving)) !== 1) {
      moving.io.engine.close();
      await nextEvent(moving, 'connect');
    }
    moving.emit('exit');
    await nextEvent(moving, 'connect', 10_000);
    expect(await workerOf(moving)).toBe(2);
    const heard = [staying, moving].map((client) => nextEvent(client, 'news'));
    await call(moving, ['emit', 'news']);
    await Promise.all(heard);
  });
});

/**
 * A client that got through. Now and then bytes that follow the handshake of a WebSocket closely are lost, whatever
 * server stands behind `sticky`: the process that hands the connection over reads from it until the other one has it.
 */
async function connect(url: string, way: Way): Promise<ClientSocket> {
  for (;;) {
    const client = open(url, WAYS[way]);
    try {
      await nextEvent(client, 'connect', 500);
      if (way === 'upgrade') await until(() => client.io.engine.transport.name === 'websocket', 'it upgraded', 500);
      await within(workerOf(client), 'an answer', 500);
      return client;
    } catch {
      client.disconnect();
    }
  }
}

/** A client that says goodbye to the end, before its server goes. */
function open(url: string, options: ClientOptions): ClientSocket {
  const client = openClient(url, options);
  cleanup(async () => {
    const { engine } = client.io;
    if (engine.readyState !== 'open') return;
    const closed = nextEvent(engine, 'close');
    client.disconnect();
    await closed;
  });
  return client;
}

/** Has the server of the client's worker do something. */
function call(client: ClientSocket, ...steps: Step[]): Promise<unknown> {
  return client.emitWithAck('server', steps);
}

/** Asks no other worker: one that has ended still counts for a while. */
async function workerOf(client: ClientSocket): Promise<number> {
  const [{ data }] = (await call(client, ['local'], ['in', client.id], ['fetchSockets'])) as [
    { data: { worker: number } },
  ];
  return data.worker;
}

function record(client: ClientSocket): string[] {
  const names: string[] = [];
  client.onAny((name: string) => names.push(name));
  return names;
}
