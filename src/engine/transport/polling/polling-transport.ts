import { closeDetail, isUnresponsive, type CloseDetail, type CloseReason } from '../close-reason.js';
import { PACKETS_PER_TURN, PAYLOAD_V4, decodePayloadBinary, isBinaryPayloadPacket } from '../../codec/payload-codec.js';
import { PacketType, isControlType, type ControlType, type EncodedPacket } from '../../codec/packet.js';
import type { FlushQueue, Flushable } from '../flush-queue.js';
import { holdCompactly } from '../../http/engine-request.js';
import type { AnswerPolicy, HttpExchange, HttpHeaders } from '../../http/http-exchange.js';
import { PollingExchange } from './polling-exchange.js';
import { readBody, readBytes } from '../../http/request-body.js';
import { ProtocolError } from '../../codec/protocol-error.js';
import { Timer, type TimerWheel } from '../../../common/timer-wheel.js';
import { PollQueue } from './poll-queue.js';
import { RepeatedRequests } from './repeated-requests.js';
import type { SharedPacket } from '../../codec/shared-packet.js';
import type { CloseMode, RequestHandler, Transport, TransportListener } from '../transport.js';

export interface PollingRules {
  readonly pollingMaxBufferSize: number;
  readonly maxBatchPackets: number;
  readonly maxPollWait: number;
  readonly postTimeout: number;
  readonly closeTimeout: number;
}

type State = 'open' | 'closing' | 'closed' | 'retired';

/**
 * Engine.IO over HTTP long-polling: a waiting GET carries packets out, a POST carries packets in (protocol, "HTTP
 * long-polling"). A second GET or POST beside an open one breaks the protocol and ends the session.
 */
export class PollingTransport implements Transport, RequestHandler, Flushable {
  readonly name = 'polling';
  handler!: TransportListener;
  bytesReceived = 0;
  bytesSent = 0;
  #state: State = 'open';
  readonly #queue = new PollQueue();
  #compress = false;
  #poll: PollingExchange | null = null;
  /** The answer to the last poll, while not all of it has left. */
  #answered: PollingExchange | null = null;
  #answers = 0;
  readonly #repeated = new RepeatedRequests();
  #pushing = false;
  /** The POST whose body is read, and what gives that up. */
  #reading: { readonly exchange: PollingExchange; readonly giveUp: () => void } | null = null;
  /** While an upgrade probes, polls are answered at once. */
  #hurried = false;
  #enlisted = false;
  /** Whether an answer was given that the handler hears of when the transport is flushed. */
  #mustNotify = false;
  #ending: { reason: CloseReason; detail: CloseDetail } | null = null;
  /** The last packet of the last answer. */
  #farewell: ControlType = PacketType.CLOSE;
  readonly #pollTimer = new Timer(() => this.#onPollWait());
  readonly #pushTimer = new Timer(() => this.#onPushTimeout());
  readonly #closeTimer = new Timer(() => this.#end());

  constructor(
    private readonly wheel: TimerWheel,
    private readonly flushQueue: FlushQueue,
    private readonly rules: PollingRules,
    private readonly codec = PAYLOAD_V4,
  ) {}

  get requestHandler(): RequestHandler {
    return this;
  }

  get writable(): boolean {
    return this.#poll !== null && this.#queue.length === 0;
  }

  get isDirty(): boolean {
    return this.#queue.length > 0;
  }

  get queuedBytes(): number {
    return this.#queue.bytes + (this.#answered?.unsentBytes ?? 0);
  }

  get queuedPackets(): number {
    return this.#queue.length;
  }

  /** Polls that took something; the last one counts by what the kernel has taken of its answer. */
  get progress(): number {
    return this.#answered === null ? this.#answers : this.#answers - 1 + this.#answered.sentFraction;
  }

  send(packet: EncodedPacket, compress: boolean): number {
    if (this.#state !== 'open') return 0;
    this.#queue.push(packet);
    this.#compress ||= compress;
    if (this.#poll !== null) this.#enlist();
    else this.flushQueue.totals.behind.add(this);
    return this.queuedBytes;
  }

  sendShared(shared: SharedPacket, compress: boolean): number {
    return this.send(shared.packet, compress);
  }

  /** Its handler hears of that when it is flushed: a listener may send, and must not come before what is sent now. */
  writeNow(): void {
    if (this.#poll === null || this.#queue.length === 0) return;
    this.#mustNotify = true;
    this.#answer(this.#takePayload());
  }

  takeQueue(): EncodedPacket[] {
    const unsent = this.#queue.takeAll();
    this.#state = 'retired';
    this.flushQueue.totals.behind.delete(this);
    this.#answerWith(PacketType.NOOP);
    return unsent;
  }

  flush(): void {
    this.#enlisted = false;
    const mustNotify = this.#mustNotify;
    this.#mustNotify = false;
    if (this.#poll !== null && this.#queue.length > 0) this.#answer(this.#takePayload());
    else if (mustNotify) this.#notifyProgress();
  }

  /** From now on polls end at once, with a noop if nothing is queued, so that the peer can pause polling. */
  endPollsAtOnce(hurried: boolean): void {
    this.#hurried = hurried;
    if (hurried && this.#poll !== null && this.#queue.length === 0) this.#answerWith(PacketType.NOOP);
  }

  handleRequest(http: HttpExchange, corsHeaders: HttpHeaders | null, policy: AnswerPolicy): void {
    const exchange = new PollingExchange(http, corsHeaders, policy);
    if (http.request.method === 'GET') this.handlePoll(exchange);
    else this.handlePush(exchange);
  }

  /** A GET: waits until there is something to carry. */
  handlePoll(exchange: PollingExchange): void {
    // If an answer is read to its end before the next poll, nothing of it is left here.
    if (this.#poll !== null || (this.#answered !== null && this.#answered.unsentBytes > 0)) {
      this.#refuse(exchange, closeDetail('POLL_OVERLAP', 'the client sent a second poll while one was open'));
      return;
    }
    // What the answer carried is gone. A session that went on would lack it, and not know.
    if (this.#answered?.isCut || this.#repeated.includes(exchange.request)) {
      this.#refuse(exchange, closeDetail('ANSWER_LOST', 'the answer to a poll was lost on its way to the client'));
      return;
    }
    this.#poll = exchange;
    this.#answered = null;
    exchange.onAbort(() => this.#onAbort(exchange));
    if (this.#queue.length > 0) this.#answer(this.#takePayload());
    else if (this.#state === 'closing')
      this.#finishClose(...(this.#farewell === PacketType.NOOP ? [] : [PacketType.NOOP]), this.#farewell);
    else if (this.#state === 'closed') this.#answerWith(this.#farewell);
    else if (this.#hurried) this.#answerWith(PacketType.NOOP);
    else {
      holdCompactly(exchange.request);
      this.wheel.schedule(this.#pollTimer, this.rules.maxPollWait);
    }
  }

  /** A POST: its packets are dispatched in order before it is answered. */
  handlePush(exchange: PollingExchange): void {
    if (this.#pushing) {
      this.#refuse(exchange, closeDetail('PUSH_OVERLAP', 'the client sent a second POST while one was being read'));
      return;
    }
    // Its packets have been dispatched: only the answer was lost.
    if (this.#repeated.includes(exchange.request)) {
      exchange.respond(200, 'text/html', 'ok');
      return;
    }
    const isBinary = exchange.contentType === BYTES;
    if (isBinary && !this.codec.readsBytes) {
      this.#refusePush(
        exchange,
        new ProtocolError('INVALID_CONTENT_TYPE', 'the client sent a binary payload, which only Engine.IO v3 has'),
      );
      return;
    }
    this.#pushing = true;
    const onBytes = (length: number): void => {
      this.bytesReceived += length;
      this.flushQueue.totals.bytesIn += length;
    };
    const read = isBinary ? readBytes : readBody;
    const { body, contentLength } = exchange;
    const giveUp = read(body, contentLength, this.rules.pollingMaxBufferSize, onBytes, (result) => {
      this.#stopReading();
      this.#onBody(exchange, result);
    });
    if (!this.#pushing) return;
    holdCompactly(exchange.request);
    this.#reading = { exchange, giveUp };
    this.wheel.schedule(this.#pushTimer, this.rules.postTimeout);
  }

  get connection(): null {
    return null;
  }

  close(mode: CloseMode, reason: CloseReason, detail: CloseDetail): void {
    if (this.#state !== 'open') {
      if (this.#state === 'closing' && mode !== 'drain') this.#end();
      return;
    }
    this.#ending = { reason, detail };
    // Clients in some languages take a close packet for the end of all: only without one they come back after a shutdown.
    this.#farewell = mode === 'shutdown' || reason === 'server shutting down' ? PacketType.NOOP : PacketType.CLOSE;
    this.#state = 'closing';
    if (mode !== 'drain') {
      // A waiting poll gets the queue and the end; without one, nothing is waited for.
      this.#queue.push(this.#farewell);
      if (this.#poll !== null) this.#answer(this.#queue.take(this.codec, Infinity));
      this.#end();
      if (isUnresponsive(reason)) this.#answered?.abandon();
    } else if (this.#poll !== null && this.#queue.length === 0) {
      this.#finishClose(this.#farewell);
    } else {
      this.wheel.schedule(this.#closeTimer, this.rules.closeTimeout);
      // Last, since a listener of that may close once more.
      this.flush();
    }
  }

  #enlist(): void {
    if (this.flushQueue.isImmediate) this.flush();
    else if (!this.#enlisted) {
      this.#enlisted = true;
      this.flushQueue.enlist(this);
    }
  }

  #finishClose(...types: ControlType[]): void {
    this.#answerWith(...types);
    this.#end();
  }

  #onBody(exchange: PollingExchange, result: string | Buffer | ProtocolError | null): void {
    this.flushQueue.beforeInput();
    if (result === null) {
      this.#pushing = false;
      this.close(
        'now',
        'transport error',
        closeDetail('PUSH_ABORTED', 'the client disconnected in the middle of a POST'),
      );
    } else if (result instanceof ProtocolError) {
      this.#refusePush(exchange, result);
    } else {
      this.#receive(exchange, () => {
        this.#dispatch(exchange, this.codec.split(result, this.rules.maxBatchPackets), 0);
      });
    }
  }

  /** Works through a POST; what breaks the protocol in it ends the session. */
  #receive(exchange: PollingExchange, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refusePush(exchange, error);
    }
  }

  /** Hands packets on, a slice per turn of the loop: one large POST must not hold up everyone else. */
  #dispatch(exchange: PollingExchange, packets: EncodedPacket[], start: number): void {
    const end = Math.min(start + PACKETS_PER_TURN, packets.length);
    for (let i = start; i < end && this.#receives; i++) this.#receivePacket(packets[i]);
    if (end < packets.length && this.#receives) {
      setImmediate(() => this.#receive(exchange, () => this.#dispatch(exchange, packets, end)));
      return;
    }
    this.#pushing = false;
    if (this.#ending?.reason === 'parse error') exchange.refuse(this.#ending.detail.code);
    else exchange.respond(200, 'text/html', 'ok');
  }

  get #receives(): boolean {
    return this.#state === 'open' || this.#state === 'closing';
  }

  #receivePacket(packet: EncodedPacket): void {
    const type = packet[0];
    if (type === PacketType.MESSAGE) this.handler.onMessage((packet as string).slice(1));
    else if (typeof packet !== 'string') this.handler.onMessage(packet);
    else if (isBinaryPayloadPacket(packet)) this.handler.onMessage(decodePayloadBinary(packet));
    else if (type === PacketType.CLOSE) this.#onPeerClose();
    else if (isControlType(packet.charAt(0))) this.handler.onControl(type as ControlType, packet.slice(1));
    else throw new ProtocolError('INVALID_PACKET', `the client sent an unknown packet type ${JSON.stringify(type)}`);
  }

  /** The peer's `1`: a waiting poll ends with a noop, since there is nothing left to say (protocol, "Disconnection"). */
  #onPeerClose(): void {
    this.#ending = { reason: 'transport close', detail: closeDetail('PEER_CLOSED', 'the client closed the session') };
    this.#state = 'closing';
    this.#answerWith(PacketType.NOOP);
    this.#end();
  }

  /** A request after which the session cannot go on. */
  #refuse(exchange: PollingExchange, detail: CloseDetail): void {
    exchange.refuse(detail.code);
    this.close('now', 'transport error', detail);
  }

  #refusePush(exchange: PollingExchange, error: ProtocolError): void {
    this.#pushing = false;
    exchange.refuse(error.code);
    const reason = error.code === 'PAYLOAD_TOO_LARGE' ? 'transport error' : 'parse error';
    this.close('now', reason, closeDetail(error.code, error.message));
  }

  #onAbort(exchange: PollingExchange): void {
    if (this.#poll !== exchange) return;
    this.#releasePoll();
    this.close(
      'now',
      'transport error',
      closeDetail('POLL_ABORTED', 'the client disconnected while a poll was waiting'),
    );
  }

  #stopReading(): void {
    this.#reading = null;
    this.wheel.cancel(this.#pushTimer);
  }

  /** Bytes are a sign of life: a peer that sends one now and then would keep its session and the body for ever. */
  #onPushTimeout(): void {
    this.#abandonPush();
    this.close('now', 'transport error', closeDetail('PUSH_TIMEOUT', 'the body of a POST did not arrive in time'));
  }

  /** Answers a POST whose body has not arrived in full, and reads no more of it. */
  #abandonPush(): void {
    const { exchange, giveUp } = this.#reading!;
    this.#stopReading();
    this.#pushing = false;
    giveUp();
    exchange.refuse('PUSH_TIMEOUT');
  }

  #onPollWait(): void {
    this.#answerWith(PacketType.NOOP);
  }

  /** Packets for one answer: as many as fit, at least one; the rest waits for the next poll. */
  #takePayload(): string | Buffer {
    return this.#queue.take(this.codec, this.rules.pollingMaxBufferSize);
  }

  #answerWith(...types: ControlType[]): void {
    this.#answer(this.codec.take(types, Infinity));
  }

  #answer(payload: string | Buffer): void {
    const poll = this.#poll;
    if (poll === null) return;
    this.#releasePoll();
    const bytes = Buffer.byteLength(payload);
    this.bytesSent += bytes;
    this.flushQueue.totals.bytesOut += bytes;
    poll.respond(200, typeof payload === 'string' ? 'text/plain; charset=UTF-8' : BYTES, payload, this.#compress);
    this.#answers++;
    if (this.#queue.length === 0) this.#compress = false;
    this.#answered = poll.unsentBytes > 0 || poll.isCut ? poll : null;
    if (this.#answered !== null) poll.onSent(() => this.#handleSent(poll));
    this.#noteQueue();
    if (!this.#mustNotify) this.#notifyProgress();
  }

  #handleSent(poll: PollingExchange): void {
    if (this.#answered !== poll) return;
    if (!poll.isCut) this.#answered = null;
    this.#noteQueue();
    if (this.#state !== 'closed') this.#notifyProgress();
  }

  #noteQueue(): void {
    const { behind } = this.flushQueue.totals;
    if (this.#receives && this.queuedBytes > 0) behind.add(this);
    else behind.delete(this);
  }

  #notifyProgress(): void {
    // What was sent after an upgrade waits elsewhere.
    if (this.queuedBytes === 0 && this.#state !== 'retired') this.handler.onFlush();
    else this.handler.onProgress();
  }

  #releasePoll(): void {
    this.#poll = null;
    this.wheel.cancel(this.#pollTimer);
  }

  #end(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#queue.takeAll();
    this.#answerWith(this.#farewell);
    // Otherwise a peer that never sends the rest would keep its connection, and a server that closes, until `postTimeout`.
    if (this.#reading !== null) this.#abandonPush();
    this.#noteQueue();
    this.wheel.cancel(this.#closeTimer);
    const { reason, detail } = this.#ending!;
    this.handler.onTransportClose(reason, detail);
  }
}

const BYTES = 'application/octet-stream';
