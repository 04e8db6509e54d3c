import { UseGuards, UsePipes } from '@nestjs/common';
import { decorateMethod } from './decorate.mjs';

const ROOM = 'room-000';

/** The application as written for Nest, before it is decorated. A process has one of it. */
export class BenchGateway {
  echo(payload) {
    return payload;
  }

  binary(payload) {
    return payload;
  }

  event(_payload, socket) {
    socket.data.events = (socket.data.events ?? 0) + 1;
  }

  count(socket) {
    const { events = 0 } = socket.data;
    socket.data.events = 0;
    return events;
  }

  broadcast(payload) {
    this.io.emit('news', payload);
  }

  enter(room, socket) {
    socket.join(room);
    return true;
  }

  leave(room, socket) {
    socket.leave(room);
    return true;
  }

  tell(payload) {
    this.io.to(ROOM).emit('news', payload);
  }
}

class BenchGuard {
  canActivate(context) {
    return context.switchToWs().getClient() !== null;
  }
}

class BenchPipe {
  transform(value) {
    return value;
  }
}

/**
 * @param {import('./index.mjs').Application} application
 * @param {object} kit the decorators of a framework
 * @param {PropertyDecorator} kit.io for what emits to all sockets, or `to` a room
 * @param {(event: string) => MethodDecorator} kit.acked for a handler whose result is the ack
 * @param {(event: string) => MethodDecorator} kit.unacked
 * @param {() => ParameterDecorator} kit.MessageBody
 * @param {() => ParameterDecorator} kit.ConnectedSocket
 */
export function decorateGateway({ handlers, bound }, { io, acked, unacked, MessageBody, ConnectedSocket }) {
  io(BenchGateway.prototype, 'io');
  const both = [MessageBody(), ConnectedSocket()];
  decorateMethod(BenchGateway, 'echo', acked('echo'), bound ? both : [MessageBody()]);
  if (bound) {
    decorateMethod(BenchGateway, 'echo', UseGuards(BenchGuard), []);
    decorateMethod(BenchGateway, 'echo', UsePipes(BenchPipe), []);
  }
  if (handlers !== undefined) {
    for (let other = 1; other < handlers; other++) {
      BenchGateway.prototype[`other${other}`] = (payload) => payload;
      decorateMethod(BenchGateway, `other${other}`, acked(`other${other}`), [MessageBody()]);
    }
    return;
  }
  decorateMethod(BenchGateway, 'binary', acked('binary'), [MessageBody()]);
  decorateMethod(BenchGateway, 'event', unacked('event'), both);
  decorateMethod(BenchGateway, 'count', acked('count'), [ConnectedSocket()]);
  decorateMethod(BenchGateway, 'broadcast', unacked('broadcast'), [MessageBody()]);
  decorateMethod(BenchGateway, 'enter', acked('enter'), both);
  decorateMethod(BenchGateway, 'leave', acked('leave'), both);
  decorateMethod(BenchGateway, 'tell', unacked('tell'), [MessageBody()]);
}
