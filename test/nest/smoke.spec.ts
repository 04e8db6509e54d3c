import { Ack, Args, ConnectedSocket, Gateway, MessageBody, OnConnect, OnEvent, Websocket } from '../../src/index.js';
import type { Socket } from '../../src/server.js';
import { connectClient, startApp } from '../support/nest-app.js';

@Gateway()
class EchoGateway {
  constructor(readonly websocket: Websocket) {}

  @OnConnect()
  connected(@ConnectedSocket() socket: Socket): void {
    socket.emit('welcome', socket.id);
  }

  @Ack('echo')
  echo(@MessageBody() body: unknown): unknown {
    return body;
  }

  @Ack('sum')
  sum(@Args() [a, b]: [number, number]): number {
    return a + b;
  }

  @OnEvent('shout')
  shout(_socket: Socket, text: string): void {
    this.websocket.emit('shouted', text.toUpperCase());
  }
}

describe('a gateway', () => {
  it.each([[['websocket']], [['polling']], [['polling', 'websocket']]])('answers over %j', async (transports) => {
    const { url } = await startApp([EchoGateway]);
    const client = await connectClient(url, { transports });
    expect(await client.emitWithAck('echo', { a: 1 })).toEqual({ a: 1 });
    expect(await client.emitWithAck('sum', 1, 2)).toBe(3);
    const shouted = new Promise((resolve) => client.once('shouted', resolve));
    client.emit('shout', 'hello');
    expect(await shouted).toBe('HELLO');
  });
});
