import { TOLD, watch } from '../../common/call-foreign.js';
import { TokenBucket, addressKey, type AckReply, type Socket } from '../../socketio/index.js';
import type { HandlerRateRules } from '../discovery/gateway-descriptor.js';

/** How often one handler runs, and where each of its clients stands. Frees by itself what is not needed any more. */
export class HandlerRate {
  /** Goes with the connection, so that leaving and joining again does not reset the limit. */
  readonly #byConnection = new WeakMap<Socket['client'], Gauge>();
  /** By address, or by the key that was asked for; kept after the socket is gone, so that reconnecting does not reset the limit. */
  readonly #byKey = new Map<string, Gauge>();
  #sweepAt = SWEEP_AT;

  constructor(private readonly rules: HandlerRateRules) {}

  /** Whether a call may pass; one that comes too early is refused here. @throws what the `key` function throws */
  allows(socket: Socket, reply: AckReply | null): boolean {
    const now = performance.now();
    const gauge = this.#gaugeOf(socket, now);
    const wait = gauge.take(now);
    if (wait > 0) socket.inbound.refuse(wait, this.rules.onLimit, reply, !gauge.isOver);
    gauge.isOver = wait > 0;
    return wait === 0;
  }

  #gaugeOf(socket: Socket, now: number): Gauge {
    const { key } = this.rules;
    if (key === 'socket') return this.#gaugeOfSocket(socket);
    if (key === 'ip') return this.#gaugeOfKey(addressKey(socket.conn.remoteAddress), now);
    const given: unknown = key(socket);
    // Such as a promise, which would be another one each time, so that nothing were bounded.
    if (typeof given === 'object') {
      watch(given, TOLD, undefined);
      throw new TypeError('the key of a @RateLimit must be a string');
    }
    return this.#gaugeOfKey(given as string, now);
  }

  #gaugeOfSocket(socket: Socket): Gauge {
    let gauge = this.#byConnection.get(socket.client);
    if (gauge === undefined) this.#byConnection.set(socket.client, (gauge = new Gauge(this.rules.rate)));
    return gauge;
  }

  #gaugeOfKey(key: string, now: number): Gauge {
    let gauge = this.#byKey.get(key);
    if (gauge === undefined) {
      if (this.#byKey.size >= this.#sweepAt) this.#sweep(now);
      this.#byKey.set(key, (gauge = new Gauge(this.rules.rate)));
    }
    return gauge;
  }

  /** A full bucket is as good as none. Runs each time that the table has doubled, so that it costs little per call. */
  #sweep(now: number): void {
    for (const [key, gauge] of this.#byKey) if (gauge.isFull(now)) this.#byKey.delete(key);
    this.#sweepAt = Math.max(SWEEP_AT, this.#byKey.size * 2);
  }
}

class Gauge extends TokenBucket {
  /** The last call was refused, and its client has been told. */
  isOver = false;
}

const SWEEP_AT = 1_024;
