import { type } from 'arktype';
import * as v from 'valibot';
import { z } from 'zod';
import type { StandardSchema } from '../../src/contract/index.js';

/** What a test validates. */
export interface Order {
  readonly name: string;
  readonly amount: number;
  readonly size: 'small' | 'large';
  readonly tags: string[];
  readonly nested: { readonly at: number };
}

/** The same strict schema in each library. */
export const LIBRARIES: Readonly<Record<'zod' | 'valibot' | 'arktype', StandardSchema<Order, Order>>> = {
  zod: z.strictObject({
    name: z.string(),
    amount: z.number().min(1),
    size: z.enum(['small', 'large']),
    tags: z.array(z.string()),
    nested: z.object({ at: z.number() }),
  }),
  valibot: v.strictObject({
    name: v.string(),
    amount: v.pipe(v.number(), v.minValue(1)),
    size: v.picklist(['small', 'large']),
    tags: v.array(v.string()),
    nested: v.object({ at: v.number() }),
  }),
  arktype: type({
    '+': 'reject',
    name: 'string',
    amount: 'number>=1',
    size: "'small'|'large'",
    tags: 'string[]',
    nested: { at: 'number' },
  }),
};

export const ORDER: Order = { name: 'tea', amount: 1, size: 'small', tags: ['hot'], nested: { at: 7 } };

/** Each with the paths at which every library finds it. */
export const MISTAKES: Readonly<Record<string, { readonly sent: unknown[]; readonly paths: unknown[][] }>> = {
  'a wrong type': { sent: [{ ...ORDER, name: 5 }], paths: [[0, 'name']] },
  'a number out of range': { sent: [{ ...ORDER, amount: 0 }], paths: [[0, 'amount']] },
  'a word that is not in the list': { sent: [{ ...ORDER, size: 'huge' }], paths: [[0, 'size']] },
  'a missing key': { sent: [{ ...ORDER, nested: {} }], paths: [[0, 'nested', 'at']] },
  'an unknown key': { sent: [{ ...ORDER, admin: true }], paths: [[0, 'admin']] },
  'no argument': { sent: [], paths: [[0]] },
  'several at once': {
    sent: [{ ...ORDER, name: null, tags: ['a', 2], nested: { at: 'x' } }],
    paths: [
      [0, 'name'],
      [0, 'nested', 'at'],
      [0, 'tags', 1],
    ],
  },
};
