import { defineContract, event, type } from 'nestjs-socketio/contract';
import { z } from 'zod';

export interface User {
  readonly id: string;
  readonly isAdmin: boolean;
}

export const account = defineContract('/account', {
  in: {
    whoami: event().ack<User>(),
    /** A new token, before the one of this connection ends. */
    renew: event(z.string()).ack<{ expiresAt: number }>(),
    announce: event(z.string().min(1).max(200)).ack<{ heardBy: number }>(),
  },
  out: {
    announcement: event<[text: string, from: string]>(),
    /** What the server sends ahead of the end of the credentials. */
    credentials_expired: event<[expiresAt: number]>(),
  },
  data: type<{ user: User }>(),
  auth: z.object({ token: z.string() }),
});
