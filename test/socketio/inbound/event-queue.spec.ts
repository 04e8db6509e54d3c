import { MODULE_DEFAULTS, type ServerDefaults, type Socket } from '../../../src/socketio/index.js';
import { openPolling, poll, push } from '../../support/engine-client.js';
import { connectClient } from '../../support/official-client.js';
import { startServer } from '../../support/server.js';
import { nextEvent, until } from '../../support/until.js';

describe('an event whose client leaves with the packet behind it', () => {
  /** What the server hears of an event and the farewell behind it, which arrive together. */
  async function heardOf(body: string, defaults?: ServerDefaults): Promise<unknown[]> {
    const server = await startServer({}, defaults);
    const heard: unknown[] = [];
    server.io.on('connection', (socket) => {
      socket.on('last', (...args) => heard.push(args));
      socket.on('disconnect', (reason) => heard.push(reason));
    });
    const session = await openPolling(server.url);
    await push(session, '40');
    await poll(session);
    await push(session, body);
    await until(() => heard.some((each) => typeof each === 'string'));
    return heard;
  }

  it('is ignored without Nest, as Socket.IO does', async () => {
    expect(await heardOf('42["last",1]\x1e41')).toEqual(['client namespace disconnect']);
    expect(await heardOf('451-["last",{"_placeholder":true,"num":0}]\x1ebAQI=\x1e41')).toEqual([
      'client namespace disconnect',
    ]);
    expect(await heardOf('42["last",1]\x1e1')).toEqual(['transport close']);
  });

  it('is heard in the module', async () => {
    expect(await heardOf('42["last",1]\x1e41', MODULE_DEFAULTS)).toEqual([[1], 'client namespace disconnect']);
    expect(await heardOf('42["last",1]\x1e1', MODULE_DEFAULTS)).toEqual([[1], 'transport close']);
  });
});

describe('events that wait for the end of the tick', () => {
  it('keep their order, over all sockets and with what their handlers bring about', async () => {
    const server = await startServer();
    const heard: unknown[] = [];
    for (const namespace of ['/', '/other']) {
      server.io.of(namespace).on('connection', (socket) => {
        socket.on('n', (n: number, reply?: (n: number) => void) => {
          heard.push([namespace, n]);
          reply?.(n);
        });
      });
    }
    const session = await openPolling(server.url);
    await push(session, '40\x1e40/other,');
    await poll(session);
    await push(session, '42["n",1]\x1e42/other,["n",2]\x1e427["n",3]\x1e42/other,8["n",4]');
    expect((await poll(session)).body).toBe('437[3]\x1e43/other,8[4]');
    expect(heard).toEqual([
      ['/', 1],
      ['/other', 2],
      ['/', 3],
      ['/other', 4],
    ]);
  });

  it('are kept from nobody by a handler that throws', async () => {
    const server = await startServer();
    const heard: number[] = [];
    server.io.of('/').handlerTable().handlerOf =
      () =>
      (_socket, [n]) => {
        heard.push(n as number);
        if (n === 1) throw new Error('no');
      };
    const session = await openPolling(server.url);
    await push(session, '40');
    await push(session, '42["n",1]\x1e42["n",2]');
    await until(() => heard.length === 2);
    expect([heard, server.errors.map(String)]).toEqual([[1, 2], ['Error: no']]);
  });
});

describe('Connection#ondata', () => {
  it('takes a message as if the client had sent it, and ends the connection for what is none', async () => {
    const server = await startServer();
    const joined = nextEvent(server.io, 'connection') as Promise<[Socket]>;
    await connectClient(server.origin);
    const [socket] = await joined;
    const heard = nextEvent(socket, 'said');
    socket.client.ondata('2["said",1]');
    expect(await heard).toEqual([1]);
    const [failed, gone] = [nextEvent(socket, 'error'), nextEvent(socket, 'disconnect')];
    socket.client.ondata(null);
    expect((await failed)[0]).toBeInstanceOf(Error);
    expect((await gone)[0]).toBe('forced close');
  });
});
