import type { Target } from './entry.js';

/** What one node tells another beside the log. Such a message may be lost. */
export type NodeMessage =
  /** A node is there; with `isNew` it wants to hear from the others. */
  | { readonly kind: 'beat'; readonly isNew?: boolean }
  | { readonly kind: 'bye' }
  /** A volatile event, as `encodeParts` has it. */
  | (Target & {
      readonly kind: 'volatile';
      readonly nsp: string;
      readonly parts: string;
      readonly compress?: boolean | undefined;
    })
  | { readonly kind: 'ask'; readonly nsp: string; readonly id: string; readonly question: Question }
  | { readonly kind: 'answer'; readonly id: string; readonly answer: string }
  /** How many clients were asked for an ack; with `isAll` no other node has one, since it was for one socket by its id. */
  | { readonly kind: 'asked'; readonly id: string; readonly clients: number; readonly isAll?: boolean | undefined }
  /** An ack that came. */
  | { readonly kind: 'ack'; readonly id: string; readonly args: string };

export type Question =
  | (Target & { readonly what: 'sockets' | 'ids' | 'count' })
  /** An event between servers, with an ack. */
  | { readonly what: 'server'; readonly args: string };
