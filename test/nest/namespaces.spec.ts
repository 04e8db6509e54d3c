import { Module } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { Ack, Gateway, OnConnect, OnDisconnect, OnEvent, OnHandshake, SocketIoException } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { connectClient, createClient } from '../support/nest-app.js';
import { nextEvent, until } from '../support/until.js';
import { PLATFORMS, startWith } from './support/start-app.js';

@Gateway('/chat')
class Chat {
  @Ack('where')
  where(socket: Socket): string {
    return `chat ${socket.nsp.name}`;
  }
}

class Main {
  @Ack('where')
  where(socket: Socket): string {
    return `main ${socket.nsp.name}`;
  }
}

@Gateway({ namespace: 'no-slash' })
class NoSlash {
  @Ack('where')
  where(socket: Socket): string {
    return `no slash ${socket.nsp.name}`;
  }
}

@Gateway(/^\/room-\d+$/)
class Rooms {
  readonly log: string[] = [];

  @OnHandshake()
  handshake(socket: Socket): void {
    if (socket.nsp.name === '/room-666') throw new SocketIoException('not this one');
  }

  @OnConnect()
  connected(socket: Socket): void {
    this.log.push(`connect ${socket.nsp.name}`);
  }

  @OnDisconnect()
  left(socket: Socket): void {
    this.log.push(`disconnect ${socket.nsp.name}`);
  }

  @Ack('where')
  where(socket: Socket): string {
    return `room ${socket.nsp.name}`;
  }
}

@Gateway(/^\/room-\d+$/)
class MoreOfRooms {
  readonly log: string[] = [];

  @OnConnect()
  connected(socket: Socket): void {
    this.log.push(`connect ${socket.nsp.name}`);
  }

  @Ack('more')
  more(socket: Socket): string {
    return `more of ${socket.nsp.name}`;
  }
}

@Gateway('/room-7')
class RoomSeven {
  @Ack('where')
  where(socket: Socket): string {
    return `seven ${socket.nsp.name}`;
  }
}

const where = async (url: string): Promise<unknown> => (await connectClient(url)).emitWithAck('where');

describe.each(PLATFORMS)('namespaces on %s', (platform) => {
  it('have handlers of their own [F8]', async () => {
    const { url } = await startWith({ platform, providers: [Main, Chat, NoSlash] });
    expect(await where(url)).toBe('main /');
    expect(await where(`${url}/chat`)).toBe('chat /chat');
    expect(await where(`${url}/no-slash`)).toBe('no slash /no-slash');
  });

  it('of one connection are told apart', async () => {
    const { url } = await startWith({ platform, providers: [Main, Chat] });
    const client = await connectClient(url, { transports: ['polling'] });
    const chat = client.io.socket('/chat').connect();
    await nextEvent(chat, 'connect');
    expect(await client.emitWithAck('where')).toBe('main /');
    expect(await chat.emitWithAck('where')).toBe('chat /chat');
  });

  it('that no gateway has are refused', async () => {
    const { url } = await startWith({ platform, providers: [Main] });
    const client = createClient(`${url}/nowhere`);
    const refused = nextEvent(client, 'connect_error');
    client.connect();
    expect((await refused)[0]).toMatchObject({ message: 'Invalid namespace' });
  });

  it('pain 23: of one pattern serve several gateways', async () => {
    const { app, url } = await startWith({ platform, providers: [Rooms, MoreOfRooms] });
    const client = await connectClient(`${url}/room-1`);
    expect(await client.emitWithAck('where')).toBe('room /room-1');
    expect(await client.emitWithAck('more')).toBe('more of /room-1');
    expect(app.get(Rooms).log).toEqual(['connect /room-1']);
    expect(app.get(MoreOfRooms).log).toEqual(['connect /room-1']);
    client.disconnect();
    await until(() => app.get(Rooms).log.length === 2);
    expect(app.get(Rooms).log[1]).toBe('disconnect /room-1');
  });
});

describe('a pattern', () => {
  it('has handshake handlers for each of its namespaces', async () => {
    const { url } = await startWith({ providers: [Rooms] });
    const client = createClient(`${url}/room-666`);
    const refused = nextEvent(client, 'connect_error');
    client.connect();
    expect((await refused)[0]).toMatchObject({ message: 'not this one' });
    expect(await where(`${url}/room-665`)).toBe('room /room-665');
  });

  it.each([
    ['before', [RoomSeven, Rooms]],
    ['after', [Rooms, RoomSeven]],
  ])('leaves a namespace alone that another gateway names, be it found %s it', async (_name, providers) => {
    const { app, url } = await startWith({ providers });
    expect(await where(`${url}/room-7`)).toBe('seven /room-7');
    expect(await where(`${url}/room-8`)).toBe('room /room-8');
    expect(app.get(Rooms).log).toEqual(['connect /room-8']);
  });

  it('gets handlers of modules that are loaded later, also for its present namespaces', async () => {
    @Gateway(/^\/room-\d+$/)
    class Late {
      @OnEvent('late')
      late(socket: Socket): void {
        socket.emit('late too');
      }
    }
    @Module({ providers: [Late] })
    class LateModule {}
    const { app, url } = await startWith({ providers: [Rooms] });
    const client = await connectClient(`${url}/room-1`);
    await app.get(LazyModuleLoader).load(() => LateModule);
    const heard = nextEvent(client, 'late too');
    client.emit('late');
    await heard;
  });

  it('gets handshake handlers of modules that are loaded later, also for its present namespaces', async () => {
    @Gateway(/^\/room-\d+$/)
    class Late {
      @OnHandshake()
      handshake(): void {
        throw new SocketIoException('closed');
      }
    }
    @Module({ providers: [Late] })
    class LateModule {}
    @Gateway(/^\/room-\d+$/)
    class Early {
      @OnEvent('early')
      early(): void {}
    }
    const { app, url } = await startWith({ providers: [Early] });
    await connectClient(`${url}/room-1`);
    await app.get(LazyModuleLoader).load(() => LateModule);
    for (const name of ['/room-1', '/room-2']) {
      const client = createClient(url + name);
      const refused = nextEvent(client, 'connect_error');
      client.connect();
      expect((await refused)[0]).toMatchObject({ message: 'closed' });
    }
  });

  it('that was bound earlier keeps a gateway that is loaded later from taking one of its namespaces', async () => {
    @Module({ providers: [RoomSeven] })
    class LateModule {}
    const { app, url } = await startWith({ providers: [Rooms] });
    await expect(app.get(LazyModuleLoader).load(() => LateModule)).rejects.toThrow(
      'RoomSeven.where() cannot be bound to the namespace "/room-7"',
    );
    expect(await where(`${url}/room-8`)).toBe('room /room-8');
  });

  it('pain 42: leaves no namespace behind that nobody is in', async () => {
    const { url, websocket } = await startWith({ providers: [Rooms] });
    const first = await connectClient(`${url}/room-0`);
    for (let i = 1; i < 100; i++) {
      const room = first.io.socket(`/room-${i}`).connect();
      await nextEvent(room, 'connect');
      room.disconnect();
    }
    expect(websocket.server._nsps.size).toBeLessThanOrEqual(3);
    first.disconnect();
    await until(() => [...websocket.server._nsps.keys()].join() === '/');
  });
});
