import { request, type ClientOf } from 'nestjs-socketio/client';
import type { chat, Node } from '../chat.contract.js';
import { create, find } from './dom.js';

type ChatSocket = ClientOf<typeof chat>;
type Engine = ChatSocket['io']['engine'];

const CUT = 3_000;
const PROBE = 2_000;
const TRIPS = 40;
const PACKETS = 60;
const TYPES = ['open', 'close', 'ping', 'pong', 'message', 'upgrade', 'noop'];

/** What happens on the connection: its transports, answers, packets and recoveries. */
export class Inspector {
  readonly #path = find('#path', HTMLOListElement);
  readonly #packets = find('#packets', HTMLOListElement);
  readonly #traffic = find('#traffic', HTMLParagraphElement);
  readonly #replayed = find('#replayed', HTMLOListElement);
  readonly #recovery = find('#recovery', HTMLParagraphElement);
  readonly #cut = find('#cut', HTMLButtonElement);
  readonly #trips: number[] = [];
  readonly #counts = { in: 0, out: 0, bytesIn: 0, bytesOut: 0 };
  readonly #missed: string[] = [];
  /** Null while the connection stands. */
  #lostAt: number | null = null;

  constructor(
    private readonly socket: ChatSocket,
    private readonly onTransport: (name: string) => void,
  ) {
    socket.io.on('open', () => this.#watch(socket.io.engine));
    socket.on('connect', () => this.#onConnect());
    socket.on('disconnect', (reason) => this.#onDisconnect(reason));
    // What a client missed comes with the CONNECT reply, and reaches listeners before `connect`.
    socket.onAny((event: string, ...args: unknown[]) => {
      if (this.#lostAt !== null) this.#missed.push(summaryOf(event, args[0]));
    });
    this.#cut.addEventListener('click', () => void this.#cutLink());
    setInterval(() => void this.#probe(), PROBE);
  }

  onWelcome(node: Node): void {
    find('#node', HTMLElement).textContent = `${node.host} · process ${node.pid} · Node ${node.version}`;
  }

  onRoundTrip(milliseconds: number): void {
    this.#trips.push(milliseconds);
    if (this.#trips.length > TRIPS) this.#trips.shift();
    const sorted = this.#trips.toSorted((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)];
    find('#trip', HTMLElement).textContent = `${milliseconds.toFixed(1)} ms`;
    find('#trip-median', HTMLElement).textContent = `median ${median.toFixed(1)} ms of ${sorted.length}`;
    const scale = 28 / Math.max(...sorted);
    const step = 120 / Math.max(this.#trips.length - 1, 1);
    const points = this.#trips.map((trip, index) => `${(index * step).toFixed(1)},${(30 - trip * scale).toFixed(1)}`);
    find('#trips polyline', SVGPolylineElement).setAttribute('points', points.join(' '));
  }

  #watch(engine: Engine): void {
    const started = performance.now();
    const step = (text: string): unknown => this.#path.append(create('li', {}, text));
    this.#path.replaceChildren();
    step(`opened over ${engine.transport.name}`);
    this.onTransport(engine.transport.name);
    engine.on('upgrading', (transport) => step(`probing ${transport.name}`));
    engine.on('upgrade', (transport) => {
      step(`upgraded to ${transport.name} after ${(performance.now() - started).toFixed(0)} ms`);
      this.onTransport(transport.name);
    });
    engine.on('upgradeError', (error) => step(`no upgrade: ${error.message}`));
    engine.on('packet', ({ type, data }) => this.#addPacket('in', type, data));
    engine.on('packetCreate', ({ type, data }) => this.#addPacket('out', type, data));
  }

  #onConnect(): void {
    find('#socket-id', HTMLElement).textContent = this.socket.id ?? '–';
    if (this.#lostAt === null) return;
    const seconds = ((performance.now() - this.#lostAt) / 1_000).toFixed(1);
    this.#lostAt = null;
    this.#cut.disabled = false;
    const count = this.#missed.length;
    this.#recovery.textContent = this.socket.recovered
      ? `Recovered after ${seconds} s as the same socket: ${count} ${count === 1 ? 'event was' : 'events were'} replayed.`
      : `Back after ${seconds} s as a new socket: the server did not know the old one any more.`;
    this.#replayed.replaceChildren(...this.#missed.map((each) => create('li', {}, each)));
  }

  #onDisconnect(reason: string): void {
    this.#lostAt = performance.now();
    this.#missed.length = 0;
    this.#path.append(create('li', {}, `lost: ${reason}`));
    this.#recovery.textContent = 'The link is down.';
    this.#replayed.replaceChildren();
  }

  async #cutLink(): Promise<void> {
    const { io } = this.socket;
    this.#cut.disabled = true;
    try {
      await request(this.socket.timeout(2_000), 'rehearse');
    } catch {
      this.#cut.disabled = false;
      return;
    }
    const usual = [io.reconnectionDelay(), io.randomizationFactor()];
    io.reconnectionDelay(CUT).randomizationFactor(0);
    io.once('reconnect_attempt', () => io.reconnectionDelay(usual[0]).randomizationFactor(usual[1]));
    io.engine.close();
  }

  async #probe(): Promise<void> {
    if (!this.socket.connected || document.hidden || !this.#path.checkVisibility()) return;
    const started = performance.now();
    try {
      await request(this.socket.timeout(PROBE), 'probe');
      this.onRoundTrip(performance.now() - started);
    } catch {
      // The connection is gone, which shows elsewhere.
    }
  }

  #addPacket(direction: 'in' | 'out', type: string, data: unknown): void {
    const text = typeof data === 'string' ? data : '';
    const bytes = 1 + (typeof data === 'string' ? data.length : sizeOf(data));
    const counts = this.#counts;
    counts[direction]++;
    counts[direction === 'in' ? 'bytesIn' : 'bytesOut'] += bytes;
    this.#traffic.textContent = `${counts.in} in, ${formatBytes(counts.bytesIn)} · ${counts.out} out, ${formatBytes(counts.bytesOut)}`;
    const isBinary = data !== undefined && data !== null && typeof data !== 'string';
    const shown = isBinary ? `${formatBytes(bytes)} of binary data` : `${TYPES.indexOf(type)}${text}`;
    const line = create('li', { className: direction }, create('i', {}, direction === 'in' ? '↓ ' : '↑ '));
    line.append(shown.length > 120 ? `${shown.slice(0, 120)}…` : shown);
    line.append(create('small', {}, isBinary ? '' : ` ${type}`));
    this.#packets.prepend(line);
    if (this.#packets.childElementCount > PACKETS) this.#packets.lastElementChild?.remove();
  }
}

function summaryOf(event: string, argument: unknown): string {
  if (typeof argument === 'string') return `${event}: ${argument}`;
  if (typeof argument !== 'object' || argument === null) return event;
  if ('text' in argument && typeof argument.text === 'string') return `${event}: ${argument.text}`;
  return 'name' in argument ? `${event}: ${String(argument.name)}` : event;
}

function sizeOf(data: unknown): number {
  if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) return data.byteLength;
  return data instanceof Blob ? data.size : 0;
}

function formatBytes(bytes: number): string {
  return bytes < 1_000 ? `${bytes} B` : `${(bytes / 1_000).toFixed(1)} kB`;
}
