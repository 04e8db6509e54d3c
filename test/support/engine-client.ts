import { WebSocket } from 'ws';
import { cleanup } from './cleanup.js';
import { within } from './until.js';

export interface HttpAnswer {
  status: number;
  headers: Headers;
  body: string;
}

export interface OpenPayload {
  sid: string;
  upgrades: string[];
  pingInterval: number;
  pingTimeout: number;
  maxPayload: number;
}

export interface PollingSession {
  /** The address of the session: every request goes there. */
  url: string;
  sid: string;
  open: OpenPayload;
}

export interface WebSocketOptions {
  sid?: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
}

/** A text frame is a string, a binary one a Buffer. */
export type Frame = string | Buffer;

export interface Closing {
  code: number;
  reason: string;
}

/** One HTTP request, answered in full. */
export async function request(url: string, init?: RequestInit): Promise<HttpAnswer> {
  const response = await within(fetch(url, init), `an answer to ${init?.method ?? 'GET'} ${url}`);
  return { status: response.status, headers: response.headers, body: await response.text() };
}

/** Opens a session over long-polling. */
export async function openPolling(
  url: string,
  query: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<PollingSession> {
  const search = new URLSearchParams({ EIO: '4', transport: 'polling', ...query });
  const answer = await request(`${url}?${search}`, { headers });
  if (answer.status !== 200) throw new Error(`no session: ${answer.status} ${answer.body}`);
  const open = JSON.parse(answer.body.slice(1)) as OpenPayload;
  return { url: `${url}?EIO=4&transport=polling&sid=${open.sid}`, sid: open.sid, open };
}

/** Asks for the packets of a session; the answer comes when there are some. */
export function poll(session: PollingSession, signal?: AbortSignal): Promise<HttpAnswer> {
  return request(session.url, signal === undefined ? {} : { signal });
}

/** Sends a payload. */
export function push(session: PollingSession, body: string): Promise<HttpAnswer> {
  return request(session.url, { method: 'POST', body });
}

/** A POST whose body is sent piece by piece, without a `Content-Length`. */
export function pushInPieces(session: PollingSession) {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const aborter = new AbortController();
  const init = { method: 'POST', body: readable, duplex: 'half', signal: aborter.signal };
  const answer = request(session.url, init as RequestInit);
  answer.catch(() => {});
  return {
    answer,
    write: (piece: string) => writer.write(new TextEncoder().encode(piece)),
    end: () => writer.close(),
    abort: () => aborter.abort(),
  };
}

/** The server answered the WebSocket handshake with something else than 101. */
export class UpgradeRefused extends Error {
  constructor(
    readonly status: number,
    readonly body: string,
  ) {
    super(`the WebSocket was refused: ${status} ${body}`);
  }
}

/** Opens a WebSocket and resolves once it is open; throws {@link UpgradeRefused} where it is not let in. */
export async function openWebSocket(url: string, options: WebSocketOptions = {}): Promise<WireSocket> {
  const search = new URLSearchParams({ EIO: '4', transport: 'websocket', ...options.query });
  if (options.sid) search.set('sid', options.sid);
  const wire = new WireSocket(`${url}?${search}`, options.headers);
  await wire.opened;
  return wire;
}

/** The answer to a WebSocket handshake that has to fail. */
export async function refusedWebSocket(url: string, headers?: Record<string, string>): Promise<UpgradeRefused> {
  return new WireSocket(url, headers).opened.then(
    () => Promise.reject(new Error('the WebSocket was accepted')),
    (error: unknown) => (error instanceof UpgradeRefused ? error : Promise.reject(error)),
  );
}

/** What a WebSocket got until it ended, be it refused, reset or closed. */
export async function framesUntilEnd(url: string): Promise<Frame[]> {
  const wire = new WireSocket(url);
  wire.opened.catch(() => {});
  await wire.closed;
  return wire.unread;
}

/** A WebSocket without a protocol of its own: what is sent and received here is what travels. */
export class WireSocket {
  /** Resolves at the 101. */
  readonly opened: Promise<void>;
  /** Resolves when the WebSocket is gone, for whatever cause. */
  readonly closed: Promise<Closing>;
  /** Frames that arrived and were not asked for yet. */
  readonly unread: Frame[] = [];

  readonly #socket: WebSocket;
  #closing: Closing | null = null;
  #wake: () => void = () => {};

  constructor(url: string, headers?: Record<string, string>) {
    this.#socket = new WebSocket(url.replace(/^http/, 'ws'), { headers, perMessageDeflate: false });
    this.opened = new Promise((resolve, reject) => {
      this.#socket.on('open', resolve);
      this.#socket.on('error', reject);
      this.#socket.on('unexpected-response', async (_request, response) => {
        const body = await response
          .setEncoding('utf8')
          .toArray()
          .catch(() => []);
        reject(new UpgradeRefused(response.statusCode ?? 0, body.join('')));
        this.#socket.terminate();
      });
    });
    this.closed = new Promise((resolve) => {
      this.#socket.on('close', (code, reason) => {
        this.#closing = { code, reason: reason.toString() };
        this.#wake();
        resolve(this.#closing);
      });
    });
    this.#socket.on('message', (data: Buffer, isBinary) => {
      this.unread.push(isBinary ? data : data.toString());
      this.#wake();
    });
    cleanup(() => this.#socket.terminate());
  }

  /** The next frame, in the order of arrival. Rejects when there will be none. */
  next(): Promise<Frame> {
    return within(this.#take(), 'a frame');
  }

  send(frame: string | Uint8Array): void {
    this.#socket.send(frame);
  }

  /** Sends one message in several WebSocket fragments. */
  sendFragments(fragments: string[]): void {
    fragments.forEach((fragment, i) => this.#socket.send(fragment, { fin: i === fragments.length - 1 }));
  }

  /** Sends bytes as a text frame, whether they are UTF-8 or not. */
  sendAsText(bytes: Uint8Array): void {
    this.#socket.send(bytes, { binary: false });
  }

  /** Reads nothing from now on. */
  pause(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.close();
  }

  async #take(): Promise<Frame> {
    while (this.unread.length === 0) {
      if (this.#closing) throw new Error(`the WebSocket closed with ${this.#closing.code} ${this.#closing.reason}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.unread.shift()!;
  }
}
