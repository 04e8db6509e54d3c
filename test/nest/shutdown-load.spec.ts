import { fork } from 'node:child_process';
import { setTimeout as elapse } from 'node:timers/promises';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Ack, Arg, OnDisconnect, Websocket } from '../../src/index.js';
import { cleanup } from '../support/cleanup.js';
import { until } from '../support/until.js';
import { createApp, startWith } from './support/start-app.js';

const CLIENTS = 1_000;
const PATIENCE = 60_000;

/** A thousand clients that start in one process may take longer to connect than a single one may. */
const LENIENT = { connectTimeout: PATIENCE, pingTimeout: PATIENCE };

interface Totals {
  connected: number;
  answered: number;
  failed: number;
  refused: number;
  disconnected: number;
  reconnected: number;
}

@Injectable()
class Office implements OnModuleDestroy {
  asked = 0;
  left = 0;
  leftAtTheEnd = -1;
  finish = (): void => {};
  readonly #finished = new Promise<void>((resolve) => (this.finish = resolve));

  @Ack('slow')
  async slow(@Arg(0) value: number): Promise<number> {
    this.asked++;
    await this.#finished;
    return value;
  }

  @Ack('more work')
  more(): string {
    return 'done';
  }

  @OnDisconnect()
  async onDisconnect(): Promise<void> {
    await elapse(50);
    this.left++;
  }

  onModuleDestroy(): void {
    this.leftAtTheEnd = this.left;
  }
}

function startClients(url: string): { totals: () => Totals; emit(event: string): void } {
  const child = fork(new URL('fixtures/clients.mjs', import.meta.url), [url, String(CLIENTS)], { execArgv: [] });
  let totals: Totals = { connected: 0, answered: 0, failed: 0, refused: 0, disconnected: 0, reconnected: 0 };
  child.on('message', (message: Totals) => (totals = message));
  const exited = new Promise((resolve) => child.once('exit', resolve));
  cleanup(() => (child.send('leave'), exited));
  return { totals: () => totals, emit: (event) => void child.send(event) };
}

it(
  `app.close() under ${CLIENTS} clients, half on polling: acks in flight arrive, new work is refused, all come to the next`,
  async () => {
    const first = await startWith({ providers: [Office], options: { shutdownTimeout: PATIENCE, ...LENIENT } });
    const next = await createApp({ providers: [Office], options: LENIENT });
    const clients = startClients(first.url);
    const office = first.app.get(Office);
    await until(() => office.asked === CLIENTS, 'all clients have asked', PATIENCE);

    const closing = first.app.close();
    clients.emit('more work');
    await until(() => clients.totals().refused === CLIENTS, 'new work of all is refused', PATIENCE);
    expect(clients.totals()).toMatchObject({ answered: 0, failed: 0, disconnected: 0 });
    office.finish();
    await closing;

    expect(await first.websocket.shutdown()).toEqual({ closed: CLIENTS, forced: 0 });
    expect(office.leftAtTheEnd).toBe(CLIENTS);
    await next.listen(Number(new URL(first.url).port), '127.0.0.1');
    await until(() => clients.totals().reconnected === CLIENTS, 'all clients are back', PATIENCE);
    expect(clients.totals()).toMatchObject({ answered: CLIENTS, failed: 0, disconnected: CLIENTS });
    expect(next.get(Websocket).of('/').sockets.size).toBe(CLIENTS);
  },
  3 * PATIENCE,
);
