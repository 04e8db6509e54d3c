import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { Websocket } from '../nest/index.js';

/** Above which the instance takes no more clients; none is checked unless it is given. */
export interface HealthLimits {
  /** Sessions. Give what `maxConnections` is. */
  maxSessions?: number | undefined;
  /** Bytes that clients have not taken. */
  maxQueuedBytes?: number | undefined;
  /** How busy the event loop was since the last probe: 0 to 1. During the start 1 is normal. */
  maxLoopUtilization?: number | undefined;
}

/**
 * Tells a readiness probe whether to send clients here. Not for liveness: an instance that is full or drains is not dead.
 *
 * @example
 * health.check([() => socketio.isHealthy('socketio', { maxSessions: 50_000 })]);
 */
@Injectable()
export class SocketIoHealthIndicator {
  #lastUtilization: EventLoopUtilization | undefined;

  constructor(
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(Websocket) private readonly websocket: Websocket,
  ) {}

  /** The answer holds numbers, the state and a reason; nothing of clients. */
  isHealthy(key: string, limits: HealthLimits = {}): HealthIndicatorResult {
    const { state } = this.websocket;
    const { sessions, queued } = this.websocket.stats();
    const facts = { state, sessions: sessions.now, queuedBytes: queued.bytes, loopUtilization: this.#utilization() };
    const reason = reasonAgainst(facts, limits);
    const indicator = this.indicators.check(key);
    return reason === null ? indicator.up(facts) : indicator.down({ ...facts, reason });
  }

  /** Since the last probe. */
  #utilization(): number {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#lastUtilization);
    this.#lastUtilization = now;
    return Math.round(utilization * 1_000) / 1_000;
  }
}

interface Facts {
  readonly state: string;
  readonly sessions: number;
  readonly queuedBytes: number;
  readonly loopUtilization: number;
}

function reasonAgainst(facts: Facts, limits: HealthLimits): string | null {
  if (facts.state !== 'open') return facts.state;
  if (facts.sessions >= (limits.maxSessions ?? Infinity)) return 'full';
  if (facts.queuedBytes > (limits.maxQueuedBytes ?? Infinity)) return 'queues';
  if (facts.loopUtilization > (limits.maxLoopUtilization ?? Infinity)) return 'busy';
  return null;
}
