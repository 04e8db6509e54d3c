import { Ack, Gateway, MessageBody, SocketIoException, Websocket } from 'nestjs-socketio';

@Gateway()
export class ChatGateway {
  constructor(private readonly websocket: Websocket) {}

  @Ack('message')
  message(@MessageBody() text: unknown): { delivered: true } {
    if (typeof text !== 'string' || text === '') throw new SocketIoException('Say something.', { code: 'EMPTY' });
    this.websocket.emit('message', text);
    return { delivered: true };
  }
}
