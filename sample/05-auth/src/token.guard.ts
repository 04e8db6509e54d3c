import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { SocketIoException, type SocketOf } from 'nestjs-socketio';
import type { account } from './account.contract.js';
import { GRACE_MS, Tokens } from './tokens.js';

/** By `connectGuards`: no connection to any namespace without a token, whatever gateways are added later. */
@Injectable()
export class TokenGuard implements CanActivate {
  constructor(private readonly tokens: Tokens) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const socket = context.switchToWs().getClient<SocketOf<typeof account>>();
    const { token } = context.switchToWs().getData<{ token?: unknown }>();
    try {
      const { user, expiresAt } = await this.tokens.verify(String(token));
      socket.data = { user };
      // The client is told ahead of the end, and disconnected then unless it has renewed.
      socket.identify(user.id, { expiresAt, graceMs: GRACE_MS });
    } catch (cause) {
      // The cause stays here; the client gets the message and the code.
      throw new SocketIoException('Please sign in', { code: 'UNAUTHORIZED', cause });
    }
    return true;
  }
}
