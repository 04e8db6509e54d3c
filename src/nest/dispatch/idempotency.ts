import { createHash } from 'node:crypto';
import { TOLD, watch } from '../../common/call-foreign.js';
import { pause } from '../../common/pause.js';
import { isThenable } from '../../common/values.js';
import {
  AckReply,
  EventMeasure,
  decodeValues,
  encodeValues,
  type AckSender,
  type Claims,
  type ErrorAck,
  type EventHandler,
  type Socket,
} from '../../socketio/index.js';
import type { IdempotencyRules } from '../discovery/idempotency-rules.js';
import type { InFlight } from '../outcome/in-flight.js';
import type { DispatchContext } from './dispatch-context.js';

/** What a message was answered with, as `encodeValues` has it. */
interface Outcome {
  readonly ack: string;
  readonly hasFailed: boolean;
}

/**
 * Runs the handlers of an event once for each message. Which message is under way or done is claimed in the server's store, so
 * that other servers know as well; a claim of one that is under way ends soon if its server dies, and is renewed until then.
 */
export class Idempotency {
  /** Messages that this server runs, or waits for. */
  readonly #pending = new Map<string, Promise<Outcome>>();

  constructor(
    private readonly event: string,
    private readonly rules: IdempotencyRules,
    private readonly context: DispatchContext,
  ) {}

  wrap(handler: EventHandler<Socket>): EventHandler<Socket> {
    return (socket, args, reply, event) => {
      try {
        const key = this.#keyOf(socket, args[0]);
        if (key === null) {
          reply?.fail(KEY_MISSING);
          return;
        }
        const pending = this.#pending.get(key);
        if (pending === undefined) {
          void this.#answerFirst(key, socket, args, reply, (own) => handler(socket, args, own, event));
        } else {
          void this.#answerCopy(pending, socket, reply);
        }
      } catch (error) {
        this.#fail(error, socket, reply);
      }
    };
  }

  /** Never rejects. */
  async #answer(outcome: Promise<Outcome>, socket: Socket, reply: AckReply | null): Promise<void> {
    try {
      const { ack } = await outcome;
      reply?.send(decodeValues(ack));
    } catch (error) {
      this.#fail(error, socket, reply);
    }
  }

  /** Never rejects. */
  async #answerFirst(
    key: string,
    socket: Socket,
    args: readonly unknown[],
    reply: AckReply | null,
    run: (reply: AckReply) => void,
  ): Promise<void> {
    const share = new ShareOfShutdown(this.context.inFlight);
    await this.#answer(this.#begin(key, socket, args, run, share), socket, reply);
    share.end();
  }

  /**
   * A copy waits as long as the handler takes, without its arguments. It is answered together with the first one, for which
   * a shutdown waits. Never rejects.
   */
  async #answerCopy(outcome: Promise<Outcome>, socket: Socket, reply: AckReply | null): Promise<void> {
    const wait = socket.inbound.startWait(EventMeasure.of([]));
    await this.#answer(outcome, socket, reply);
    wait.end();
  }

  #fail(error: unknown, socket: Socket, reply: AckReply | null): void {
    this.context.report(error, socket);
    reply?.fail(UNAVAILABLE);
  }

  /** The message waits until the claim is there. */
  #begin(
    key: string,
    socket: Socket,
    args: readonly unknown[],
    run: (reply: AckReply) => void,
    share: ShareOfShutdown,
  ): Promise<Outcome> {
    const wait = socket.inbound.startWait(EventMeasure.of(args));
    const begin = (reply: AckReply): void => {
      run(reply);
      share.onHandlerStarted();
      wait.end();
    };
    const outcome = this.#settle(key, socket, begin, share).finally(() => {
      wait.end();
      this.#pending.delete(key);
    });
    this.#pending.set(key, outcome);
    return outcome;
  }

  /** Rejects if the store does not answer before the handler has run. */
  async #settle(key: string, socket: Socket, run: (reply: AckReply) => void, share: ShareOfShutdown): Promise<Outcome> {
    const { claims } = socket.nsp.server;
    for (;;) {
      const { isMine, value } = await claims.claim(key, UNDER_WAY, LEASE_MS, false);
      if (isMine) return this.#run(key, claims, socket, run, share);
      if (value.startsWith(DONE)) return { ack: value.slice(DONE.length), hasFailed: false };
      // Another server runs it, or has died over it, which the end of its claim tells.
      await pause(POLL_MS);
    }
  }

  async #run(
    key: string,
    claims: Claims,
    socket: Socket,
    run: (reply: AckReply) => void,
    share: ShareOfShutdown,
  ): Promise<Outcome> {
    const { ttl } = this.rules;
    const outcome = await new Promise<Outcome>((resolve) => {
      const end = performance.now() + ttl;
      const renewal = setInterval(() => {
        if (performance.now() < end) void this.#renew(key, claims, socket);
        // A handler may never answer.
        else answer({ ack: encodeValues([UNAVAILABLE]), hasFailed: true });
      }, LEASE_MS / 3).unref();
      const answer = (given: Outcome): void => {
        clearInterval(renewal);
        share.onOutcome();
        resolve(given);
      };
      run(new RecordedReply(socket, answer));
    });
    const isKept = outcome.ack.length <= MAX_ACK;
    const value = `${DONE}${isKept ? outcome.ack : encodeValues([TOO_LARGE])}`;
    // A failure is forgotten, so that the next copy may do better.
    const stored = outcome.hasFailed ? claims.claim(key, '', 1, true) : claims.claim(key, value, ttl, true);
    await stored.catch((error: unknown) => this.context.report(error, socket));
    return outcome;
  }

  async #renew(key: string, claims: Claims, socket: Socket): Promise<void> {
    try {
      await claims.claim(key, UNDER_WAY, LEASE_MS, true);
    } catch (error) {
      this.context.report(error, socket);
    }
  }

  /** A message of one user, or of one socket if it acts for none: what others sent has other acks. */
  #keyOf(socket: Socket, body: unknown): string | null {
    const { key } = this.rules;
    const given = typeof key === 'function' ? this.#askKey(key, body, socket) : propertyOf(body, key);
    if (typeof given !== 'string' && typeof given !== 'number') return null;
    if (given === '') return null;
    const { userId } = socket;
    const owner = userId === undefined ? ['socket', socket.id] : ['user', userId];
    const text = JSON.stringify([socket.nsp.name, this.event, owner, String(given)]);
    return createHash('sha256').update(text).digest('base64url');
  }

  /** @throws what the function throws, and TypeError for a promise: a copy that comes meanwhile could not be told */
  #askKey(key: (body: unknown, socket: Socket) => unknown, body: unknown, socket: Socket): unknown {
    const given = key(body, socket);
    if (!isThenable(given)) return given;
    watch(given, TOLD, undefined);
    throw new TypeError('the key of @Idempotent must be a string, not a promise');
  }
}

/**
 * What a shutdown waits for of one message: its claim, and what comes behind its outcome. Its handler counts by itself, as one
 * that may wait for the shutdown.
 */
class ShareOfShutdown {
  #end: () => void;
  #hasOutcome = false;

  constructor(private readonly inFlight: InFlight) {
    this.#end = inFlight.begin();
  }

  onHandlerStarted(): void {
    if (!this.#hasOutcome) this.#end();
  }

  onOutcome(): void {
    if (this.#hasOutcome) return;
    this.#hasOutcome = true;
    const end = this.inFlight.begin();
    this.#end();
    this.#end = end;
  }

  end(): void {
    this.#end();
  }
}

/** Takes the ack of a handler, in place of a client. */
class RecordedReply extends AckReply {
  #hasFailed = false;

  constructor(socket: Socket, onOutcome: (outcome: Outcome) => void) {
    const sender: AckSender = {
      sendAck: (_id, args) => onOutcome({ ack: encodeValues(args), hasFailed: this.#hasFailed }),
      onForeignError: (error, reply) => socket.onForeignError(error, reply),
    };
    super(sender, NO_ID);
  }

  override fail(error: ErrorAck): boolean {
    if (!this.settled) this.#hasFailed = true;
    return super.fail(error);
  }
}

function propertyOf(body: unknown, name: string): unknown {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return undefined;
  return (body as Record<string, unknown>)[name];
}

const UNDER_WAY = 'under way';
const DONE = 'done ';
/** How long a server that died holds up further copies, in milliseconds. */
const LEASE_MS = 6_000;
const POLL_MS = 100;
/** In characters, as stored. */
const MAX_ACK = 65_536;
/** A recorded ack is no packet. */
const NO_ID = -1;

const KEY_MISSING: ErrorAck = Object.freeze({
  status: 'error',
  message: 'The message has no key, so a second copy could not be recognized',
  code: 'IDEMPOTENCY_KEY_MISSING',
});

const UNAVAILABLE: ErrorAck = Object.freeze({
  status: 'error',
  message: 'The server cannot tell whether this was already done. Try again',
  code: 'IDEMPOTENCY_UNAVAILABLE',
});

const TOO_LARGE: ErrorAck = Object.freeze({
  status: 'error',
  message: 'This was already done, and its ack was too large to keep',
  code: 'ALREADY_DONE',
});
