import { Injectable } from '@nestjs/common';
import {
  ConnectedSocket,
  Gateway,
  HandshakeAuth,
  OnHandshake,
  OnPresence,
  Websocket,
  type PresenceChange,
  type Socket,
} from '../../src/index.js';
import { memoryLedger } from '../../src/ledger/index.js';
import { connectClient, startApp } from '../support/nest-app.js';
import { until } from '../support/until.js';

abstract class Identifying {
  @OnHandshake()
  async enter(@ConnectedSocket() socket: Socket, @HandshakeAuth('user') user: string) {
    socket.identify(user);
    await socket.join(`team:${user.length}`);
  }
}

/** What the gateways of one application have heard. */
@Injectable()
class Heard {
  readonly changes: string[] = [];
}

@Gateway()
class MainGateway extends Identifying {
  constructor(readonly heard: Heard) {
    super();
  }

  @OnPresence()
  changed({ key, state, room }: PresenceChange) {
    this.heard.changes.push(`${key} ${state} ${room ?? ''}`);
  }

  @OnPresence(/^team:/)
  inTeam({ key, state, room }: PresenceChange) {
    this.heard.changes.push(`${key} ${state} ${room}`);
  }

  @OnPresence('team:0')
  never() {
    this.heard.changes.push('never');
  }
}

@Gateway(/^\/chat-\d+$/)
class ChatGateway extends Identifying {
  constructor(readonly heard: Heard) {
    super();
  }

  @OnPresence()
  async changed({ key, state, namespace }: PresenceChange) {
    await Promise.resolve();
    this.heard.changes.push(`${namespace} ${key} ${state}`);
  }
}

describe('@OnPresence()', () => {
  it('hears of its namespace, or of the rooms that it names', async () => {
    const { app, url } = await startApp([Heard, MainGateway], { presence: { gracePeriod: 20 } });
    const { changes } = app.get(Heard);
    const client = await connectClient(url, { auth: { user: 'ada' } });
    await until(() => changes.length === 2);
    expect(app.get(Websocket).presence().list()).toEqual([{ key: 'ada', sockets: [client.id] }]);
    expect(app.get(Websocket).presence('team:3').has('ada')).toBe(true);
    client.disconnect();
    await until(() => changes.length === 4);
    expect(changes.toSorted()).toEqual(['ada offline ', 'ada offline team:3', 'ada online ', 'ada online team:3']);
  });

  it('turns presence on by itself', async () => {
    const { app, url } = await startApp([Heard, MainGateway]);
    await connectClient(url, { auth: { user: 'ada' } });
    await until(() => app.get(Heard).changes.length === 2);
    expect(app.get(Websocket).presence().count()).toBe(1);
  });

  it('runs once in a fleet, also for a dynamic namespace that is on another node alone', async () => {
    const ledger = memoryLedger();
    const options = { ledger, presence: { gracePeriod: 20, heartbeatInterval: 100 } };
    const apps = [await startApp([Heard, ChatGateway], options), await startApp([Heard, ChatGateway], options)];
    const changes = (): string[] => apps.flatMap(({ app }) => app.get(Heard).changes);
    const client = await connectClient(`${apps[1].url}/chat-1`, { auth: { user: 'ada' } });
    await until(() => changes().length === 1);
    client.disconnect();
    await until(() => changes().length === 2);
    expect(changes()).toEqual(['/chat-1 ada online', '/chat-1 ada offline']);
  });

  it('reports a handler that fails', async () => {
    @Gateway()
    class Failing extends Identifying {
      @OnPresence()
      changed() {
        throw new Error('no');
      }
    }
    const errors: unknown[] = [];
    const { url } = await startApp([Failing], { onError: (error) => errors.push(error) });
    await connectClient(url, { auth: { user: 'ada' } });
    await until(() => errors.length === 1);
    expect(errors).toEqual([new Error('no')]);
  });
});
