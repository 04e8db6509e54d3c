/** One script of everything that the catalogue of metrics counts, written as it travels, so that each number is known. */
import { Registry } from 'prom-client';
import {
  Ack,
  ConnectedSocket,
  Gateway,
  OnConnect,
  OnEvent,
  OnHandshake,
  RateLimit,
  SocketIoException,
  type Socket,
} from '../../src/index.js';
import { CALL_DURATION, CONNECTION_DURATION, OBSERVED_METRICS } from '../../src/diagnostics/catalogue.js';
import { collectSocketIo } from '../../src/prometheus/index.js';
import { startWith } from '../nest/support/start-app.js';
import { cleanup } from '../support/cleanup.js';
import { request } from '../support/engine-client.js';
import { RawSocket, textFrame, upgradeRequest } from '../support/raw-socket.js';
import { until } from '../support/until.js';
import { record } from './support/recorder.js';
import { observe } from './support/telemetry.js';

const PATH = '/socket.io/';
const ROOM = '/^\\/room-/';

@Gateway('/chat')
class ChatGateway {
  @OnHandshake()
  check(socket: Socket): void {
    if (socket.handshake.auth.banned === true) throw new SocketIoException('banned');
  }

  @OnConnect()
  connected(@ConnectedSocket() socket: Socket): void {
    socket.use(([name], next) => void (name === 'held' || next()));
  }

  @Ack('sum')
  async sum(_socket: Socket, a: number, b: number): Promise<number> {
    return a + b;
  }

  @Ack('refuse')
  refuse(): void {
    throw new SocketIoException('taken', { code: 'TAKEN' });
  }

  @Ack('broken')
  broken(): void {
    throw new Error('broken');
  }

  @OnEvent('forgets')
  forgets(@Ack() _ack: (answer: unknown) => void): void {}

  @RateLimit({ limit: 1, interval: 3_600_000 })
  @Ack('limited')
  limited(): number {
    return 1;
  }

  @OnEvent('typing')
  typing(): void {}
}

@Gateway(/^\/room-/)
class RoomGateway {
  @Ack('*')
  any(): number {
    return 1;
  }
}

/** What has travelled in both directions, as clients count it. */
class Traffic {
  readonly packets = { in: 0, out: 0 };
  readonly bytes = { in: 0, out: 0 };
}

/** A WebSocket that counts what it sends; what it has received is in `raw`. */
class Wire {
  readonly raw: RawSocket;
  #awaited = 0;

  constructor(
    port: number,
    private readonly traffic: Traffic,
    query = '',
  ) {
    this.raw = new RawSocket(port);
    const handshake = upgradeRequest(`${PATH}?EIO=4&transport=websocket${query}`);
    traffic.bytes.in += handshake.length;
    this.raw.write(handshake);
  }

  send(packet: string): void {
    this.traffic.packets.in++;
    this.sendStray(packet);
  }

  /** A frame that is no packet of a session. */
  sendStray(text: string): void {
    const frame = textFrame(text);
    this.traffic.bytes.in += frame.length;
    this.raw.write(frame);
  }

  /** A packet that begins like this has come. */
  async gets(beginning: string): Promise<void> {
    await until(() => this.raw.received.indexOf(beginning, this.#awaited) !== -1, `${beginning} came`);
    this.#awaited = this.raw.received.indexOf(beginning, this.#awaited) + beginning.length;
    this.traffic.packets.out++;
  }

  async asks(packet: string, answer: string): Promise<void> {
    this.send(packet);
    await this.gets(answer);
  }
}

/** A session over polling that counts bodies. */
class Polls {
  private constructor(
    readonly sid: string,
    private readonly url: string,
    private readonly traffic: Traffic,
  ) {}

  static async open(url: string, traffic: Traffic): Promise<Polls> {
    const { body } = await request(`${url}?EIO=4&transport=polling`);
    traffic.packets.out++;
    traffic.bytes.out += body.length;
    const { sid } = JSON.parse(body.slice(1)) as { sid: string };
    return new Polls(sid, `${url}?EIO=4&transport=polling&sid=${sid}`, traffic);
  }

  async push(packet: string): Promise<void> {
    this.traffic.packets.in++;
    this.traffic.bytes.in += packet.length;
    await request(this.url, { method: 'POST', body: packet });
  }

  async poll(): Promise<string> {
    const { body } = await request(this.url);
    this.traffic.packets.out += body.split('\x1e').length;
    this.traffic.bytes.out += body.length;
    return body;
  }
}

/** By metric, by its attributes: values; of histograms the counts. */
type Readings = Record<string, Record<string, number>>;

function attributesText(attributes: object): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name.replaceAll('.', '_')}=${String(value)}`)
    .toSorted()
    .join();
}

function readingsOf(collected: Awaited<ReturnType<ReturnType<typeof observe>['collect']>>): Readings {
  const points = collected.map(({ descriptor, dataPoints }) => [
    descriptor.name,
    Object.fromEntries(
      dataPoints.map(({ attributes, value }) => [
        attributesText(attributes),
        typeof value === 'number' ? value : value.count,
      ]),
    ),
  ]);
  return Object.fromEntries(points) as Readings;
}

interface Scraped {
  readonly name: string;
  readonly values: readonly { readonly metricName?: string; readonly labels: object; readonly value: number }[];
}

/** What a register of prom-client holds, under the names of the catalogue. */
async function readingsIn(register: Registry): Promise<Readings> {
  const metrics = (await register.getMetricsAsJSON()) as unknown as Scraped[];
  const readings: Readings = {};
  for (const { name } of [...OBSERVED_METRICS, CALL_DURATION, CONNECTION_DURATION]) {
    const prefix = name.replaceAll('.', '_');
    const metric = metrics.find((each) => each.name.replace(/(_bytes)?(_total|_seconds)?$/, '') === prefix)!;
    const values = metric.values.filter(
      ({ metricName }) => metricName === undefined || metricName.endsWith('_count') || metricName === metric.name,
    );
    readings[name] = Object.fromEntries(values.map(({ labels, value }) => [attributesText(labels), value]));
  }
  return readings;
}

describe('the catalogue of metrics', () => {
  it('counts one script of everything, to the last byte, with OpenTelemetry and prom-client', async () => {
    const telemetry = observe();
    const published = record('recover');
    const { app, url, websocket } = await startWith({
      providers: [ChatGateway, RoomGateway],
      options: {
        connectionStateRecovery: {},
        ackTimeout: 50,
        connectTimeout: 1_000,
        shutdownTimeout: 500,
        sendQueueBytes: 1_000,
        dropFramesOnOverflow: true,
        onError: () => {},
        onWarning: () => {},
      },
    });
    const register = new Registry();
    cleanup(collectSocketIo(register, websocket.server).stop);
    const port = Number(new URL(url).port);
    const endpoint = `${url}${PATH}`;
    const traffic = new Traffic();
    const stats = () => websocket.stats();

    // Connects: one is banned, one asks for a namespace that is not there, one is in a dynamic one as well and leaves another.
    const main = new Wire(port, traffic);
    await main.gets('0{');
    await main.asks('40/chat,', '40/chat,');
    await main.asks('40/room-1,', '40/room-1,');
    await main.asks('40/room-2,', '40/room-2,');
    await main.asks('40/nowhere,', '44/nowhere,');
    main.send('41/room-2,');
    const brief = new Wire(port, traffic);
    await brief.gets('0{');
    await brief.asks('40/chat,{"banned":true}', '44/chat,');
    await brief.asks('40/chat,', '40/chat,');
    brief.send('1');
    await until(() => stats().closed.PEER_CLOSED === 1);

    // Requests that are refused.
    await request(`${endpoint}?EIO=9&transport=polling`);
    for (let i = 0; i < 2; i++) await request(`${endpoint}?EIO=4&transport=pigeon`);

    // Events: handled, refused, failed, forgotten, too early, undecided, of no handler, of a handler of all.
    await main.asks('42/chat,1["sum",1,2]', '43/chat,1[3]');
    await main.asks('42/chat,2["sum",3,4]', '43/chat,2[7]');
    await main.asks('42/chat,3["refuse"]', '43/chat,3[{');
    await main.asks('42/chat,4["broken"]', '43/chat,4[{');
    await main.asks('42/chat,5["forgets"]', '43/chat,5[{');
    await main.asks('42/chat,6["limited"]', '43/chat,6[1]');
    await main.asks('42/chat,7["limited"]', '43/chat,7[{');
    await main.asks('42/chat,8["unknown"]', '43/chat,8[{');
    await main.asks('42/room-1,9["made up"]', '43/room-1,9[1]');
    await main.asks('42/chat,10["held"]', '43/chat,10[{');
    main.send('42/chat,["typing"]');

    // A client that does not keep up: two messages are dropped; later one waits, and a WebSocket for it comes to nothing.
    const slow = await Polls.open(endpoint, traffic);
    await slow.push('40/chat,');
    await slow.poll();
    const room = [...websocket.of('/chat').sockets.values()].at(-1)!;
    const large = 'x'.repeat(900);
    for (let i = 0; i < 3; i++) room.emit('large', large);
    expect(await slow.poll()).toContain(large);
    const upgrade = new Wire(port, traffic, `&sid=${slow.sid}`);
    await upgrade.raw.arrival('101');
    upgrade.sendStray('4wrong');
    await until(() => stats().failedUpgrades.UPGRADE_INVALID === 1);
    room.emit('waits', large);

    // A client that is cut off and comes back; its first session misses a broadcast.
    const lost = new Wire(port, traffic);
    await lost.gets('0{');
    await lost.asks('40/chat,', '40/chat,');
    const [, pid] = /"pid":"([^"]+)"/.exec(lost.raw.received)!;
    websocket
      .of('/chat')
      .to([...websocket.of('/chat').sockets.keys()].at(-1)!)
      .emit('news', 1);
    await lost.gets('42/chat,["news"');
    const [, offset] = /\["news",1,"([^"]+)"\]/.exec(lost.raw.received)!;
    lost.raw.drop(false);
    await until(() => stats().closed.TRANSPORT_CLOSED === 1);
    const back = new Wire(port, traffic);
    await back.gets('0{');
    await back.asks(`40/chat,${JSON.stringify({ pid, offset })}`, '40/chat,');
    expect(published.map(({ payload }) => payload.reason)).toEqual([undefined]);

    // An ack that a client owes.
    const first = websocket.of('/chat').sockets.values().next().value!;
    void first
      .timeout(3_600_000)
      .emitWithAck('question')
      .catch(() => {});
    await main.gets('42/chat,0["question"]');
    await until(() => stats().packets.in >= traffic.packets.in);
    for (const { raw } of [main, brief, upgrade, lost, back]) traffic.bytes.out += raw.received.length;

    // The one that waits is counted; its bytes are once they travel.
    const packets = both({ in: traffic.packets.in, out: traffic.packets.out + 1 });
    const bytes = both(traffic.bytes);
    const collected = readingsOf(await telemetry.collect());
    const scraped = await readingsIn(register);
    const queued = (await slow.poll()).length;
    room.emit('waits', large);
    const expected: Readings = {
      'rpc.server.call.duration': {
        ...call('/chat/sum', 2),
        ...call('/chat/refuse', 1, 'TAKEN'),
        ...call('/chat/broken', 1, 'INTERNAL_ERROR'),
        ...call('/chat/forgets', 1),
        ...call('/chat/limited', 1),
        ...call('/chat/typing', 1),
        ...call(`${ROOM}/*`, 1),
      },
      'socketio.server.connection.duration': {
        'socketio_close_code=PEER_CLOSED,socketio_transport=websocket': 1,
        'socketio_close_code=TRANSPORT_CLOSED,socketio_transport=websocket': 1,
      },
      'socketio.server.active_connections': {
        'socketio_transport=polling': 1,
        'socketio_transport=websocket': 2,
        'socketio_transport=webtransport': 0,
      },
      'socketio.server.active_sockets': {
        'socketio_namespace=/': 0,
        'socketio_namespace=/chat': 3,
        [`socketio_namespace=${ROOM}`]: 1,
      },
      'socketio.server.connections': { '': 5 },
      'socketio.server.connections.closed': {
        'socketio_close_code=PEER_CLOSED': 1,
        'socketio_close_code=TRANSPORT_CLOSED': 1,
      },
      'socketio.server.sockets.disconnected': {
        'socketio_close_code=CLIENT_DISCONNECT': 1,
        'socketio_close_code=PEER_CLOSED': 1,
        'socketio_close_code=TRANSPORT_CLOSED': 1,
      },
      'socketio.server.refusals': {
        'error_type=UNSUPPORTED_PROTOCOL_VERSION': 1,
        'error_type=UNKNOWN_TRANSPORT': 2,
        'error_type=UNKNOWN_NAMESPACE': 1,
        'error_type=REFUSED': 1,
      },
      'socketio.server.upgrades.failed': { 'error_type=UPGRADE_INVALID': 1 },
      'socketio.server.packets': packets,
      'socketio.server.io': bytes,
      'socketio.server.send_queue.size': { '': queued },
      'socketio.server.send_queue.largest': { '': queued },
      'socketio.server.messages.dropped': { '': 2 },
      'socketio.server.events.unhandled': { '': 1 },
      'socketio.server.events.rate_limited': { '': 1 },
      'socketio.server.events.undecided': { '': 1 },
      'socketio.server.acks.unanswered': { '': 1 },
      // The handler, and two reports of what was dropped.
      'socketio.server.errors': { '': 3 },
      'socketio.server.acks.pending': { '': 1 },
    };
    expect(Object.keys(expected)).toHaveLength(20);
    expect(collected).toEqual(expected);
    expect(scraped).toEqual(expected);

    await app.close();
    const ended = {
      'socketio.server.active_connections': {
        'socketio_transport=polling': 0,
        'socketio_transport=websocket': 0,
        'socketio_transport=webtransport': 0,
      },
      'socketio.server.connections': { '': 5 },
      'socketio.server.connections.closed': {
        ...expected['socketio.server.connections.closed'],
        'socketio_close_code=SERVER_SHUTDOWN': 3,
      },
      'socketio.server.sockets.disconnected': {
        ...expected['socketio.server.sockets.disconnected'],
        'socketio_close_code=SERVER_SHUTDOWN': 4,
      },
      'socketio.server.connection.duration': {
        ...expected['socketio.server.connection.duration'],
        'socketio_close_code=SERVER_SHUTDOWN,socketio_transport=websocket': 2,
        'socketio_close_code=SERVER_SHUTDOWN,socketio_transport=polling': 1,
      },
      'socketio.server.send_queue.size': { '': 0 },
      'socketio.server.acks.pending': { '': 0 },
    };
    expect(readingsOf(await telemetry.collect())).toMatchObject(ended);
    expect(await readingsIn(register)).toMatchObject(ended);
  });

  it('has as many series after 10,000 names of events and namespaces that clients make up', async () => {
    const telemetry = observe({ spans: { handle: false, emit: false, connect: false } });
    const { url, websocket } = await startWith({
      providers: [RoomGateway],
      options: {
        maxConnectsPerSecond: 1_000_000,
        maxConnectRefusals: 20_000,
        maxNamespaces: 200,
        warnUnknown: false,
        shutdownTimeout: 200,
      },
    });
    const register = new Registry();
    cleanup(collectSocketIo(register, websocket.server).stop);
    const wire = new Wire(Number(new URL(url).port), new Traffic());
    await wire.gets('0{');
    /** Names from a number to another, no more than a client may be in at once. */
    const makeUp = async (from: number, to: number): Promise<void> => {
      const numbers = Array.from({ length: to - from }, (_, i) => from + i);
      for (const i of numbers) wire.send(`40/room-${i},`);
      await until(() => websocket.stats().sockets.opened === to);
      for (const i of numbers) wire.send(`42/room-${i},["made up ${i}"]`);
      for (const i of numbers) wire.send(`40/made-up-${i},`);
      for (const i of numbers) wire.send(`41/room-${i},`);
      await until(() => websocket.stats().disconnected.CLIENT_DISCONNECT === to);
    };
    await makeUp(0, 1);
    const before = seriesOf(await readingsIn(register));
    await makeUp(1, 100);
    for (let i = 100; i < 10_000; i += 100) await makeUp(i, i + 100);
    const readings = await readingsIn(register);
    expect(readings['rpc.server.call.duration']).toEqual(call(`${ROOM}/*`, 10_000));
    expect(readings['socketio.server.refusals']).toEqual({ 'error_type=UNKNOWN_NAMESPACE': 10_000 });
    expect(seriesOf(readings)).toEqual(before);
    expect(seriesOf(readingsOf(await telemetry.collect()))).toEqual(before);
  }, 60_000);
});

function seriesOf(readings: Readings): string[] {
  return Object.entries(readings)
    .flatMap(([name, series]) => Object.keys(series).map((each) => `${name} ${each}`))
    .toSorted();
}

function call(method: string, count: number, error?: string): Record<string, number> {
  const failure = error === undefined ? '' : `error_type=${error},`;
  return { [`${failure}rpc_method=${method},rpc_system_name=socketio`]: count };
}

function both(traffic: { readonly in: number; readonly out: number }): Record<string, number> {
  return { 'network_io_direction=receive': traffic.in, 'network_io_direction=transmit': traffic.out };
}
