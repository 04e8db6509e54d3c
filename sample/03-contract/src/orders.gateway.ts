import {
  Ack,
  ConnectedSocket,
  Gateway,
  HandshakeAuth,
  MessageBody,
  OnHandshake,
  SocketIoException,
  Websocket,
  type SocketOf,
} from 'nestjs-socketio';
import type { BodyOf } from 'nestjs-socketio/contract';
import { orders, type Ticket } from './orders.contract.js';

/** What arrives here fits the contract; what leaves is checked by the compiler. */
@Gateway(orders)
export class OrdersGateway {
  readonly #tickets = new Map<number, Ticket>();

  constructor(private readonly websocket: Websocket) {}

  @OnHandshake()
  enter(
    @HandshakeAuth(orders) { guest }: { guest: string },
    @ConnectedSocket(orders) socket: SocketOf<typeof orders>,
  ): void {
    socket.data = { guest };
  }

  @Ack(orders.in.order)
  order(
    @MessageBody(orders.in.order) order: BodyOf<typeof orders.in.order>,
    @ConnectedSocket(orders) socket: SocketOf<typeof orders>,
  ): Ticket {
    const ticket: Ticket = { number: this.#tickets.size + 1, order, guest: socket.data.guest, servedBy: null };
    this.#tickets.set(ticket.number, ticket);
    this.websocket.of(orders).emit('ordered', ticket);
    return ticket;
  }

  @Ack(orders.in.serve)
  serve(
    @MessageBody(orders.in.serve) number: number,
    @ConnectedSocket(orders) socket: SocketOf<typeof orders>,
  ): Ticket {
    const ticket = this.#tickets.get(number);
    if (ticket === undefined) throw new SocketIoException(`There is no order ${number}`, { code: 'NO_SUCH_ORDER' });
    if (ticket.servedBy !== null) throw new SocketIoException('Somebody was faster', { code: 'SERVED_ALREADY' });
    const served = { ...ticket, servedBy: socket.data.guest };
    this.#tickets.set(number, served);
    this.websocket.of(orders).emit('served', served);
    return served;
  }

  @Ack(orders.in.list)
  list(): Ticket[] {
    return [...this.#tickets.values()];
  }
}
