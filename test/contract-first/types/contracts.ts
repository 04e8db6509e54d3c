import { binary, defineContract, event, type } from 'nestjs-socketio/contract';
import { z } from 'zod';

export const Message = z.object({ room: z.string(), text: z.string(), tags: z.array(z.string()).optional() });
export const Posted = z.object({ id: z.string(), at: z.number() });

/** Every kind of event. */
export const chat = defineContract('/chat', {
  in: {
    message: event(Message).ack(Posted).describe({ summary: 'Post a message' }),
    sum: event(z.number(), z.number()).ack(z.number()),
    search: event(z.string(), z.number().optional()).ack(z.array(z.string())),
    double: event(z.string().transform(Number)).ack(z.number()),
    move: event<[x: number, y: number]>(),
    rename: event<[name: string]>().ack<{ name: string }>(),
    avatar: event(binary({ maxBytes: 200_000 })),
    typing: event(),
    wrong: event().ack<{ status: 'error' }>(),
  },
  out: {
    message: event(Message),
    confirm: event<[question: string]>().ack<boolean>(),
    vote: event(z.string()).ack(z.string().transform(Number)),
  },
  server: { rebuild: event<[since: number]>() },
  data: type<{ user: string }>(),
  auth: z.object({ token: z.string() }),
});

export const admin = defineContract('/admin', {
  in: { kick: event(z.string()) },
  out: { kicked: event<[id: string]>() },
  data: type<{ level: number }>(),
});

export const tenant = defineContract(/^\/tenant-\d+$/, {
  in: { hello: event(z.string()) },
  out: { news: event(z.string()) },
});

interface ClientToServer {
  hi: (name: string, ack: (greeting: string) => void) => void;
  page: (url: string, referrer?: string) => void;
}

interface ServerToClient {
  tick: (n: number) => void;
}

export const legacy = defineContract<{ in: ClientToServer; out: ServerToClient; data: { plan: 'free' | 'paid' } }>(
  '/legacy',
);
