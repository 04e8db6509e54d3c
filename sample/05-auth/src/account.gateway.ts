import { UseGuards } from '@nestjs/common';
import {
  Ack,
  ConnectedSocket,
  Gateway,
  MessageBody,
  SocketIoException,
  Websocket,
  type SocketOf,
} from 'nestjs-socketio';
import { account, type User } from './account.contract.js';
import { AdminGuard } from './admin.guard.js';
import { GRACE_MS, Tokens } from './tokens.js';

type AccountSocket = SocketOf<typeof account>;

/** Everyone who is connected has shown a token. */
@Gateway(account)
export class AccountGateway {
  constructor(
    private readonly tokens: Tokens,
    private readonly websocket: Websocket,
  ) {}

  @Ack(account.in.whoami)
  whoami(@ConnectedSocket(account) socket: AccountSocket): User {
    return socket.data.user;
  }

  @Ack(account.in.renew)
  async renew(
    @ConnectedSocket(account) socket: AccountSocket,
    @MessageBody(account.in.renew) token: string,
  ): Promise<{ expiresAt: number }> {
    const { user, expiresAt } = await this.tokens.verify(token).catch((cause: unknown) => {
      throw new SocketIoException('Please sign in', { code: 'UNAUTHORIZED', cause });
    });
    // A connection does not change hands.
    if (user.id !== socket.data.user.id) throw new SocketIoException('Not your token', { code: 'FORBIDDEN' });
    socket.data.user = user;
    socket.identify(user.id, { expiresAt, graceMs: GRACE_MS });
    return { expiresAt };
  }

  @Ack(account.in.announce)
  @UseGuards(AdminGuard)
  async announce(
    @ConnectedSocket(account) socket: AccountSocket,
    @MessageBody(account.in.announce) text: string,
  ): Promise<{ heardBy: number }> {
    this.websocket.of(account).emit('announcement', text, socket.data.user.id);
    return { heardBy: (await this.websocket.of(account).fetchSockets()).length };
  }
}
