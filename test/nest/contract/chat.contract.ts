import { z } from 'zod';
import { binary, defineContract, event, type } from '../../../src/contract/index.js';

export const Message = z.object({ room: z.string(), text: z.string().min(1) });

/** Every kind of event. */
export const chat = defineContract('/chat', {
  in: {
    message: event(Message).ack(z.object({ id: z.string(), at: z.number() })),
    sum: event(z.number(), z.number()).ack(z.number()),
    search: event(z.string(), z.number().optional()).ack(z.array(z.string())),
    double: event(z.string().transform(Number)).ack(z.number()),
    later: event(z.number().refine(async (n) => n > 0, 'too small')).ack(z.number()),
    move: event<[x: number, y: number]>(),
    rename: event<[name: string]>().ack<{ name: string }>(),
    avatar: event(binary({ maxBytes: 10 })).ack(z.number()),
    typing: event(z.string()),
  },
  out: {
    message: event(Message),
    confirm: event<[question: string]>().ack<boolean>(),
    vote: event(z.string()).ack(z.number().int()),
  },
  data: type<{ user: string }>(),
});

/** For services whose events come from elsewhere. */
export const admin = defineContract('/admin', {
  in: { kick: event(z.string()) },
  out: { kicked: event<[id: string]>() },
});
