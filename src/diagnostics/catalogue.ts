import type { Server, ServerStats } from '../socketio/index.js';

/** One value of a metric. */
export interface Reading {
  readonly value: number;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A metric that is read from `stats()` when metrics are collected, and so costs nothing per event. */
export interface ObservedMetric {
  readonly name: string;
  /** `counter` only grows; `sum` goes up and down and may be added up; `gauge` is the largest of all servers. */
  readonly kind: 'counter' | 'sum' | 'gauge';
  readonly unit: string;
  readonly description: string;
  read(stats: ServerStats): Reading[];
}

/** A metric that is recorded when something ends. */
export interface HistogramMetric {
  readonly name: string;
  readonly description: string;
  /** Upper bounds of buckets, in seconds. */
  readonly buckets: readonly number[];
}

/** As the conventions of OpenTelemetry have it for RPC. */
export const CALL_DURATION: HistogramMetric = {
  name: 'rpc.server.call.duration',
  description: 'Duration of event handlers, including their acks',
  buckets: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
};

/** As those of SignalR, which has connections that live as long. */
export const CONNECTION_DURATION: HistogramMetric = {
  name: 'socketio.server.connection.duration',
  description: 'Duration of client sessions',
  buckets: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 1_800, 7_200, 43_200],
};

export const OBSERVED_METRICS: readonly ObservedMetric[] = [
  sum('active_connections', '{connection}', 'Sessions that are open', ({ sessions }) =>
    byCode(sessions.byTransport, 'socketio.transport'),
  ),
  sum('active_sockets', '{socket}', 'Sockets that are connected', ({ sockets }) =>
    byCode(sockets.byNamespace, 'socketio.namespace'),
  ),
  counter('connections', '{connection}', 'Sessions that were opened', ({ sessions }) => one(sessions.opened)),
  counter('connections.closed', '{connection}', 'Sessions that ended', ({ closed }) =>
    byCode(closed, 'socketio.close.code'),
  ),
  counter('sockets.disconnected', '{socket}', 'Sockets that were disconnected', ({ disconnected }) =>
    byCode(disconnected, 'socketio.close.code'),
  ),
  counter('refusals', '{refusal}', 'Requests and CONNECT packets that were refused', ({ refused, connectRefused }) => [
    ...byCode(refused, 'error.type'),
    ...byCode(connectRefused, 'error.type'),
  ]),
  counter('upgrades.failed', '{upgrade}', 'Upgrades that failed', ({ failedUpgrades }) =>
    byCode(failedUpgrades, 'error.type'),
  ),
  counter('packets', '{packet}', 'Engine.IO packets', ({ packets }) => byDirection(packets)),
  counter('io', 'By', 'Bytes on the wire', ({ bytes }) => byDirection(bytes)),
  sum('send_queue.size', 'By', 'Bytes that wait to be sent to clients', ({ queued }) => one(queued.bytes)),
  {
    ...sum('send_queue.largest', 'By', 'The longest queue of one session', ({ queued }) => one(queued.largest)),
    kind: 'gauge',
  },
  counter('messages.dropped', '{message}', 'Messages that were dropped on overflow', ({ dropped }) => one(dropped)),
  counter('events.unhandled', '{event}', 'Events without a handler', (stats) => one(stats.unknownEvents)),
  counter('events.rate_limited', '{event}', 'Events above a rate limit', ({ rateLimited }) => one(rateLimited)),
  counter('events.undecided', '{event}', 'Events that middlewares did not decide on in time', (stats) =>
    one(stats.undecidedEvents),
  ),
  counter('acks.unanswered', '{ack}', 'Acks that handlers did not send in time', (stats) => one(stats.unansweredAcks)),
  counter('errors', '{error}', 'Errors that were reported', ({ errors }) => one(errors)),
  sum('acks.pending', '{ack}', 'Acks that clients have not sent yet', ({ pendingAcks }) => one(pendingAcks)),
];

/** All observed metrics of these servers together, from one `stats()` of each. */
export function readMetrics(servers: Iterable<Pick<Server, 'stats'>>): ReadonlyMap<ObservedMetric, readonly Reading[]> {
  const snapshots = [...servers].map((server) => server.stats());
  return new Map(
    OBSERVED_METRICS.map((metric) => [
      metric,
      merge(
        metric.kind,
        snapshots.flatMap((stats) => metric.read(stats)),
      ),
    ]),
  );
}

/** One reading for each set of attributes. */
function merge(kind: ObservedMetric['kind'], readings: readonly Reading[]): Reading[] {
  const merged = new Map<string, Reading>();
  for (const { value, attributes } of readings) {
    const key = JSON.stringify(attributes);
    const present = merged.get(key)?.value ?? 0;
    merged.set(key, { value: kind === 'gauge' ? Math.max(present, value) : present + value, attributes });
  }
  return [...merged.values()];
}

function counter(name: string, unit: string, description: string, read: ObservedMetric['read']): ObservedMetric {
  return { name: `socketio.server.${name}`, kind: 'counter', unit, description, read };
}

function sum(name: string, unit: string, description: string, read: ObservedMetric['read']): ObservedMetric {
  return { name: `socketio.server.${name}`, kind: 'sum', unit, description, read };
}

function one(value: number): Reading[] {
  return [{ value, attributes: {} }];
}

function byCode(counts: Readonly<Record<string, number | undefined>>, attribute: string): Reading[] {
  return Object.entries(counts).map(([code, value]) => ({ value: value ?? 0, attributes: { [attribute]: code } }));
}

function byDirection(traffic: { readonly in: number; readonly out: number }): Reading[] {
  return [
    { value: traffic.in, attributes: { 'network.io.direction': 'receive' } },
    { value: traffic.out, attributes: { 'network.io.direction': 'transmit' } },
  ];
}

/** The method of a call: the namespace and the event that the handler is bound to. */
export function methodOf({ namespace, route }: { readonly namespace: string; readonly route: string }): string {
  return namespace === '/' ? `/${route}` : `${namespace}/${route}`;
}
