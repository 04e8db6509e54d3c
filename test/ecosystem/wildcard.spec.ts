/** `socketio-wildcard`, which puts a function of its own in place of `socket.onevent`. */
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import wildcard from 'socketio-wildcard';
import { Ack, Gateway, MessageBody, OnConnect, OnEvent, SocketIoAdapter } from '../../src/index.js';
import { Server, type Socket } from '../../src/server.js';
import { startGateways } from '../nest/adapter/support/start-gateways.js';
import { startWith } from '../nest/support/start-app.js';
import { connectClient } from '../support/nest-app.js';
import { startServer } from '../support/server.js';
import { nextEvent } from '../support/until.js';

type Packet = { data: unknown[] };

function listenToAll(socket: Socket, seen: unknown[][]): void {
  socket.on('*', ({ data }: Packet) => void seen.push(data.filter((value) => typeof value !== 'function')));
}

describe('socketio-wildcard', () => {
  it('on a Server: its listeners see every event, and those of names and acks go on to work', async () => {
    const { io, origin, errors } = await startServer();
    const seen: unknown[][] = [];
    io.use(wildcard());
    io.on('connection', (socket) => {
      listenToAll(socket, seen);
      socket.on('sum', (a: number, b: number, answer: (sum: number) => void) => answer(a + b));
    });
    const client = await connectClient(origin);
    expect(await client.emitWithAck('sum', 1, 2)).toBe(3);
    client.emit('unheard', 'x');
    const echoed = nextEvent(client, 'echo');
    client.emit('echo', Buffer.from('bytes'));
    expect(await echoed).toEqual([Buffer.from('bytes')]);
    expect(seen).toEqual([
      ['sum', 1, 2],
      ['unheard', 'x'],
      ['echo', Buffer.from('bytes')],
    ]);
    expect(errors).toEqual([]);
  });

  it('in the module: decorated handlers go on to work beside it', async () => {
    const seen: unknown[][] = [];
    const heard: unknown[] = [];

    @Gateway('/chat')
    class ChatGateway {
      @OnConnect()
      joined(socket: Socket): void {
        listenToAll(socket, seen);
        socket.on('sum', () => void heard.push('a listener'));
      }

      @Ack('sum')
      sum(_socket: Socket, a: number, b: number): number {
        return a + b;
      }

      @OnEvent('note')
      note(@MessageBody() body: unknown): void {
        heard.push(body);
      }

      @Ack('fail')
      fail(): void {
        throw new Error('secret');
      }
    }
    const warnings: string[] = [];
    const { url, websocket } = await startWith({
      providers: [ChatGateway],
      options: { onWarning: (warning) => void warnings.push(warning), onError: () => {} },
    });
    websocket.of('/chat').use(wildcard());
    const client = await connectClient(`${url}/chat`);
    client.emit('note', 'hello');
    expect(await client.emitWithAck('sum', 1, 2)).toBe(3);
    expect(await client.emitWithAck('fail')).toMatchObject({ status: 'error', code: 'INTERNAL_ERROR' });
    expect(heard).toEqual(['hello', 'a listener']);
    expect(seen).toEqual([['note', 'hello'], ['sum', 1, 2], ['fail']]);
    expect(warnings).toEqual([]);
  });

  it('with the adapter alone: messages go on to work, as with IoAdapter', async () => {
    const seen: unknown[][] = [];

    class WildcardAdapter extends SocketIoAdapter {
      override createIOServer(port: number, options?: object): Server {
        const server = super.createIOServer(port, options);
        server.use(wildcard());
        server.on('connection', (socket) => listenToAll(socket, seen));
        return server;
      }
    }

    @WebSocketGateway()
    class SumGateway {
      @SubscribeMessage('sum')
      sum(_socket: Socket, [a, b]: number[]): number {
        return a + b;
      }

      @SubscribeMessage('told')
      told(_socket: Socket, body: unknown): object {
        return { event: 'told', data: body };
      }
    }
    const { url } = await startGateways({ providers: [SumGateway], adapter: (app) => new WildcardAdapter(app) });
    const client = await connectClient(url);
    expect(await client.emitWithAck('sum', 1, 2)).toBe(3);
    const told = nextEvent(client, 'told');
    client.emit('told', 'you');
    expect(await told).toEqual(['you']);
    expect(seen).toEqual([
      ['sum', 1, 2],
      ['told', 'you'],
    ]);
  });
});
