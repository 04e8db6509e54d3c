import { Catch, UseFilters, UseGuards } from '@nestjs/common';
import { channel } from 'node:diagnostics_channel';
import { Ack, Arg, ConnectedSocket, EventName, OnConnect, OnEvent } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { cleanup } from '../support/cleanup.js';
import { openSession } from '../support/socketio-client.js';
import { startWith } from './support/start-app.js';

const received: [string, ...unknown[]][] = [];

/** Passes everything on, as decorators of tracing do. */
function Wrapped(): MethodDecorator {
  return (_target, _name, descriptor: PropertyDescriptor) => {
    const original = descriptor.value as (...args: unknown[]) => unknown;
    descriptor.value = function (this: unknown, ...args: unknown[]) {
      return original.apply(this, args);
    };
  };
}

@Catch()
class Filter {
  catch(): void {}
}

class Gateway {
  @OnConnect()
  connected(socket: Socket): void {
    socket.on('listened to', (body: unknown) => void received.push(['listened to', body]));
  }

  @Ack('nothing')
  nothing() {
    received.push(['nothing']);
    return 'ok';
  }

  @Ack('decorated')
  decorated(@ConnectedSocket() _socket: Socket, @EventName() event: string): string {
    received.push(['decorated', event]);
    return 'ok';
  }

  @OnEvent('argument')
  argument(@Arg(0) body: unknown): void {
    received.push(['argument', body]);
  }

  @OnEvent('undecorated')
  undecorated(_socket: Socket, body: unknown): void {
    received.push(['undecorated', body]);
  }

  @OnEvent('rest')
  rest(...args: unknown[]): void {
    received.push(['rest', args[1]]);
  }

  @OnEvent('arguments')
  indirect(): void {
    // eslint-disable-next-line prefer-rest-params -- the point
    received.push(['arguments', arguments[1]]);
  }

  @OnEvent('wrapped')
  @Wrapped()
  wrapped(_socket: Socket, body: unknown): void {
    received.push(['wrapped', body]);
  }

  @UseGuards({ canActivate: () => true })
  @OnEvent('guarded')
  guarded(): void {
    received.push(['guarded']);
  }

  @UseFilters(Filter)
  @OnEvent('filtered')
  filtered(): void {
    received.push(['filtered']);
  }
}

/** Long enough to be worth a question, and no JSON, though its depth can be told. */
const BROKEN = `{"text":"${'x'.repeat(500)}",,}`;

async function join(options = {}) {
  received.length = 0;
  const { url } = await startWith({ providers: [Gateway], options });
  const wire = await openSession(`${url}/socket.io/`);
  wire.send('40');
  await wire.next();
  return wire;
}

describe('the arguments of a long event', () => {
  it.each(['unknown', 'nothing', 'decorated'])('are not parsed for "%s", which reads none', async (event) => {
    const wire = await join();
    wire.send(`421["${event}",${BROKEN}]`);
    const answer = await wire.next();
    expect(answer).toMatch(event === 'unknown' ? /^431\[.*UNKNOWN_EVENT/ : /^431\["ok"\]$/);
  });

  it.each(['argument', 'undecorated', 'rest', 'arguments', 'wrapped', 'guarded', 'filtered', 'listened to'])(
    'are parsed for "%s", so that a mistake ends the connection',
    async (event) => {
      const wire = await join();
      wire.send(`42["${event}",${BROKEN}]`);
      await wire.closed;
      expect(received).toEqual([]);
    },
  );

  it.each(['argument', 'undecorated', 'rest', 'arguments', 'wrapped', 'listened to'])(
    'reach "%s" as they are',
    async (event) => {
      const wire = await join();
      const text = 'x'.repeat(500);
      wire.send(`42["${event}",${JSON.stringify({ text })}]`);
      wire.send('421["nothing"]');
      expect(await wire.next()).toBe('431["ok"]');
      expect(received).toEqual([[event, { text }], ['nothing']]);
    },
  );

  it('are parsed for those who watch what is handled', async () => {
    const watch = (): void => {};
    channel('tracing:nestjs-socketio.handle:start').subscribe(watch);
    cleanup(() => void channel('tracing:nestjs-socketio.handle:start').unsubscribe(watch));
    const wire = await join();
    wire.send(`42["nothing",${BROKEN}]`);
    await wire.closed;
    expect(received).toEqual([]);
  });

  it('are held against the depth all the same', async () => {
    const wire = await join({ maxJsonDepth: 4 });
    wire.send(`42["unknown",[[[[["${'x'.repeat(500)}"]]]]]]`);
    await wire.closed;
  });
});
