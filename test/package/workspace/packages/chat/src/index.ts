import { defineContract, event, type } from 'nestjs-socketio/contract';
import { z } from 'zod';

export const chat = defineContract('/chat', {
  in: {
    sum: event(z.number(), z.number()).ack(z.number()),
    rename: event<[name: string]>().ack<{ name: string }>(),
  },
  out: { news: event(z.string()) },
  data: type<{ user: string }>(),
  auth: z.object({ token: z.string() }),
});

/** Of the copy of the package that this one uses. */
export { defineContract as madeBy };
