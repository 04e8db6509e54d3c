import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { SocketIoException, type SocketOf } from 'nestjs-socketio';
import type { account } from './account.contract.js';

/** A role: asked for each event that it is bound to. */
@Injectable()
export class AdminGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { user } = context.switchToWs().getClient<SocketOf<typeof account>>().data;
    if (user.isAdmin) return true;
    throw new SocketIoException('Only for admins', { code: 'FORBIDDEN' });
  }
}
