import { defineContract, event, type } from 'nestjs-socketio/contract';
import { z } from 'zod';

export const DRINKS = ['Assam', 'Sencha', 'Rooibos', 'Mint'] as const;

export const Order = z.strictObject({
  drink: z.enum(DRINKS),
  size: z.enum(['cup', 'pot']),
  amount: z.number().int().min(1).max(9),
  note: z.string().max(40).optional(),
});

export const Ticket = z.object({
  number: z.number().int(),
  order: Order,
  guest: z.string(),
  servedBy: z.string().nullable(),
});
export type Ticket = z.infer<typeof Ticket>;

/** What the tea room and its page tell each other. The page imports its types only. */
export const orders = defineContract('/orders', {
  in: {
    order: event(Order).ack(Ticket).describe({ summary: 'Order something' }),
    serve: event(z.number().int()).ack(Ticket).describe({ summary: 'Bring the order with this number' }),
    list: event().ack(z.array(Ticket)).describe({ summary: 'All orders so far' }),
  },
  out: {
    ordered: event(Ticket).describe({ summary: 'Somebody ordered' }),
    served: event(Ticket).describe({ summary: 'An order was brought' }),
  },
  data: type<{ guest: string }>(),
  auth: z.object({ guest: z.string().trim().min(1, 'Please enter a name').max(24) }),
});
