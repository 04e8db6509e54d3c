import { Catch, UseFilters, type ExceptionFilter } from '@nestjs/common';
import { Ack, ConnectedSocket, OnConnect, OnEvent, OnHandshake, SocketIoException } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { nextEvent, until, within } from '../support/until.js';
import { PLATFORMS, startWith } from './support/start-app.js';

/** A promise that the test settles. */
class Gate {
  open!: () => void;
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}

/** Takes its time to connect, so that the test decides when events may pass. */
class SlowGateway {
  readonly gate = new Gate();
  readonly log: string[] = [];

  @OnConnect()
  async connected(@ConnectedSocket() socket: Socket): Promise<void> {
    this.log.push('connect begins');
    socket.emit('connecting');
    await this.gate.opened;
    socket.data.user = 'alice';
    this.log.push('connect ends');
  }

  @Ack('whoami')
  whoami(socket: Socket): string {
    this.log.push('event');
    return socket.data.user;
  }
}

describe.each(PLATFORMS)('the order at connect on %s', (platform) => {
  it.each([['websocket'], ['polling']])(
    'pain 4: handshake, reply, @OnConnect, then the events that waited, over %s [H10, P8]',
    async (transport) => {
      class Handshakes {
        @OnHandshake()
        async greet(@ConnectedSocket() socket: Socket): Promise<void> {
          socket.emit('from handshake', 1);
          await Promise.resolve();
          socket.emit('from handshake', 2);
          app.get(SlowGateway).log.push(`handshake, connected: ${socket.connected}`);
        }
      }
      const { app, url } = await startWith({ platform, providers: [SlowGateway, Handshakes] });
      const slow = app.get(SlowGateway);
      const client = createClient(url, { transports: [transport] });
      const seen: string[] = [];
      client.onAny((event: string, ...args: unknown[]) => seen.push([event, ...args].join(' ')));
      client.once('connect', () => seen.push('connect'));
      const user = new Promise((resolve) => client.once('connect', () => client.emit('whoami', resolve)));
      const connecting = nextEvent(client, 'connecting');
      client.connect();
      await connecting;
      slow.gate.open();
      expect(await within(user, 'the ack')).toBe('alice');
      expect(seen).toEqual(['connect', 'from handshake 1', 'from handshake 2', 'connecting']);
      expect(slow.log).toEqual(['handshake, connected: false', 'connect begins', 'connect ends', 'event']);
    },
  );
});

describe('@OnConnect', () => {
  it('gets acks while it is awaited', async () => {
    class Asking {
      @OnConnect()
      async connected(socket: Socket): Promise<void> {
        socket.data.answer = await socket.emitWithAck('question');
      }

      @Ack('answer')
      answer(socket: Socket): unknown {
        return socket.data.answer;
      }
    }
    const { url } = await startWith({ providers: [Asking] });
    const client = createClient(url);
    client.on('question', (answer: (value: number) => void) => answer(42));
    client.connect();
    expect(await within(client.emitWithAck('answer'), 'the ack')).toBe(42);
  });

  it('runs all of its handlers one after the other, whichever of them is asynchronous', async () => {
    const log: string[] = [];
    class Three {
      @OnConnect()
      one(): void {
        log.push('one');
      }

      @OnConnect()
      async two(): Promise<void> {
        await Promise.resolve();
        log.push('two');
      }

      @OnConnect()
      three(): void {
        log.push('three');
      }

      @Ack('log')
      log(): string[] {
        return log;
      }
    }
    const { url } = await startWith({ providers: [Three] });
    const client = await connectClient(url);
    expect(await client.emitWithAck('log')).toEqual(['one', 'two', 'three']);
  });

  it('stops at the handler that disconnects the socket [H11]', async () => {
    const log: string[] = [];
    class Disconnecting {
      @OnConnect()
      one(socket: Socket): void {
        socket.disconnect();
      }

      @OnConnect()
      two(): void {
        log.push('two');
      }
    }
    const { url } = await startWith({ providers: [Disconnecting] });
    const client = createClient(url);
    const gone = nextEvent(client, 'disconnect');
    client.connect();
    expect(await gone).toMatchObject(['io server disconnect']);
    expect(log).toEqual([]);
  });

  it.each([0, 1, 3])('lets %i events wait where maxPendingEvents says so, in order', async (maxPendingEvents) => {
    const { app, url, websocket } = await startWith({ providers: [SlowGateway], options: { maxPendingEvents } });
    const client = createClient(url);
    client.connect();
    await nextEvent(client, 'connecting');
    const answers = Array.from({ length: maxPendingEvents }, () => client.emitWithAck('whoami'));
    // The client's answer shows that the events before it have arrived.
    client.on('barrier', (answer: () => void) => answer());
    await websocket.timeout(1_000).emitWithAck('barrier');
    app.get(SlowGateway).gate.open();
    expect(await Promise.all(answers)).toEqual(Array(maxPendingEvents).fill('alice'));
    expect(client.connected).toBe(true);
  });

  it.each([0, 1, 3])('disconnects the socket where more than %i events wait', async (maxPendingEvents) => {
    const { app, url } = await startWith({ providers: [SlowGateway], options: { maxPendingEvents } });
    const client = createClient(url);
    client.connect();
    await nextEvent(client, 'connecting');
    const gone = nextEvent(client, 'disconnect');
    for (let i = 0; i <= maxPendingEvents; i++) client.emit('whoami');
    expect(await gone).toMatchObject(['io server disconnect']);
    app.get(SlowGateway).gate.open();
    expect(app.get(SlowGateway).log).not.toContain('event');
  });

  it('that does not settle within connectTimeout ends the socket with an exception', async () => {
    const { app, url } = await startWith({ providers: [SlowGateway], options: { connectTimeout: 50 } });
    const client = createClient(url);
    const exception = nextEvent(client, 'exception');
    const gone = nextEvent(client, 'disconnect');
    client.connect();
    expect(await exception).toMatchObject([{ status: 'error', code: 'CONNECT_TIMEOUT' }]);
    expect(await gone).toMatchObject(['io server disconnect']);
    app.get(SlowGateway).gate.open();
  });

  it('leaves nothing behind where the client goes meanwhile', async () => {
    const later: string[] = [];
    class Later {
      @OnConnect()
      never(): void {
        later.push('connect');
      }
    }
    const { app, url, websocket } = await startWith({ providers: [SlowGateway, Later] });
    const client = createClient(url);
    client.connect();
    await nextEvent(client, 'connecting');
    client.emit('whoami');
    const [socket] = websocket.of('/').sockets.values();
    const gone = nextEvent(socket, 'disconnect');
    client.disconnect();
    await gone;
    const { log, gate } = app.get(SlowGateway);
    gate.open();
    await until(() => log.includes('connect ends'));
    expect(websocket.of('/').sockets.size).toBe(0);
    expect(websocket.of('/').adapter.rooms.size).toBe(0);
    expect(log).not.toContain('event');
    expect(later).toEqual([]);
  });
});

describe('pain 5: an error in @OnConnect', () => {
  @Catch()
  class Handles implements ExceptionFilter {
    catch(): void {}
  }

  class Failing {
    @OnConnect()
    connected(): void {
      throw new SocketIoException('no room', { code: 'FULL' });
    }
  }

  class FailingLater {
    @OnConnect()
    async connected(): Promise<void> {
      await Promise.resolve();
      throw new SocketIoException('no room', { code: 'FULL' });
    }
  }

  class Filtered {
    @UseFilters(Handles)
    @OnConnect()
    connected(): void {
      throw new SocketIoException('handled');
    }
  }

  class Events {
    @OnEvent('event')
    event(socket: Socket): void {
      socket.emit('reached');
    }
  }

  async function eventsOf(gateway: new () => object): Promise<unknown[]> {
    const { url } = await startWith({ providers: [gateway, Events] });
    const client = createClient(url, { reconnection: true });
    const seen: unknown[] = [];
    client.onAny((...event: unknown[]) => seen.push(event));
    client.on('connect', () => client.emit('event'));
    const gone = nextEvent(client, 'disconnect');
    client.connect();
    return [...(await gone.then(() => seen)), (await gone)[0], client.active];
  }

  it.each([
    ['thrown', Failing],
    ['rejected', FailingLater],
  ])('%s sends an exception and disconnects for good [H12]', async (_name, gateway) => {
    const exception = { status: 'error', message: 'no room', code: 'FULL' };
    expect(await eventsOf(gateway)).toEqual([['exception', exception], 'io server disconnect', false]);
  });

  it('disconnects also where a filter has handled it', async () => {
    expect(await eventsOf(Filtered)).toEqual(['io server disconnect', false]);
  });
});
