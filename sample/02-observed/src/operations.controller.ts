import { Controller, Get, Header } from '@nestjs/common';
import { HealthCheck, HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import { Websocket } from 'nestjs-socketio';
import { collectSocketIo } from 'nestjs-socketio/prometheus';
import { SocketIoHealthIndicator } from 'nestjs-socketio/terminus';
import { Registry } from 'prom-client';
import { spanNames } from './telemetry.js';

/** What operators ask. */
@Controller()
export class OperationsController {
  readonly #register = new Registry();

  constructor(
    private readonly health: HealthCheckService,
    private readonly socketio: SocketIoHealthIndicator,
    websocket: Websocket,
  ) {
    collectSocketIo(this.#register, websocket.server);
  }

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  page(): string {
    const links = ['metrics', 'health/live', 'health/ready', 'spans'];
    return `<!doctype html><title>Observed</title>${links.map((link) => `<p><a href="/${link}">${link}</a>`).join('')}`;
  }

  @Get('metrics')
  @Header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
  metrics(): Promise<string> {
    return this.#register.metrics();
  }

  /** The process answers: an instance that is full, or drains, is alive. */
  @Get('health/live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('health/ready')
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    return this.health.check([() => this.socketio.isHealthy('socketio', { maxSessions: 50_000 })]);
  }

  @Get('spans')
  spans(): string[] {
    return spanNames();
  }
}
