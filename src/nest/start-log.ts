import type { SerializedGraph } from '@nestjs/core';
import type { Server } from '../socketio/index.js';
import { BindingReport } from './discovery/binding-report.js';
import type { HandlerDescriptor } from './discovery/gateway-descriptor.js';
import type { ErrorLog } from './outcome/error-log.js';

/** Tells operators and Nest's tools what was bound. */
export class StartLog {
  readonly report = new BindingReport();

  constructor(
    private readonly log: ErrorLog,
    /** Null if nothing is to be logged. */
    private readonly server: Server | null,
  ) {}

  /** A line for each class, and one about the server. */
  write(descriptors: readonly HandlerDescriptor[], port: number | null, hasHttpServer: boolean): void {
    this.report.add(descriptors);
    if (this.server === null) return;
    for (const line of this.report.lines()) this.log.log(line);
    this.log.log(`${describe(this.server, port, hasHttpServer)}; ${this.report.summary()}; ${this.#root(this.server)}`);
  }

  /** What a module that was loaded later adds. */
  writeLate(descriptors: readonly HandlerDescriptor[]): void {
    this.report.add(descriptors);
    if (this.server === null || descriptors.length === 0) return;
    const late = new BindingReport();
    late.add(descriptors);
    for (const line of late.lines()) this.log.log(line);
  }

  #root({ sockets, gates, settings }: Server): string {
    if (!settings.rootNamespace) return '"/" is closed';
    if (this.report.guardsRoot || gates.length > 0) return '"/" is guarded';
    return sockets.hasMiddlewares ? '"/" has middlewares' : '"/" is open to all';
  }
}

/** Enters events into the graph that Nest's tools show, as Nest does for its own gateways. */
export function enterIntoGraph(graph: SerializedGraph, descriptors: readonly HandlerDescriptor[], port: number): void {
  for (const { subject, wrapper, gateway, method } of descriptors) {
    if (subject.kind !== 'event' && subject.kind !== 'message') continue;
    const message = String(subject.event);
    const metadata = { port, key: message, message };
    const definition = {
      type: 'websocket' as const,
      methodName: method,
      className: gateway.name,
      classNodeId: wrapper.id,
      metadata,
    };
    graph.insertEntrypoint(definition as Parameters<SerializedGraph['insertEntrypoint']>[0], wrapper.id);
  }
}

/** An application context and a microservice have no HTTP server. */
function describe(server: Server, port: number | null, hasHttpServer: boolean): string {
  const { path, transports } = server.engine.opts;
  const { connectionStateRecovery } = server.opts;
  const adapter = server.sockets.adapter.constructor.name;
  const plain = path.replace(/\/$/, '');
  const at = port === null ? plain : `${plain}, port ${port}`;
  const isReachable = hasHttpServer || port !== null;
  const where = isReachable ? `on ${at}` : 'listens nowhere, as there is no HTTP server and the option port is not set';
  const recovery = connectionStateRecovery === undefined ? 'off' : 'on';
  return `Socket.IO ${where}: ${transports.join(', ')}; adapter ${adapter}; recovery ${recovery}`;
}
