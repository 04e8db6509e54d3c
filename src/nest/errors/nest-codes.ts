/** The catalogue of this layer: every code that it gives to a user and the layers below do not. Stable; never reused. */
export const NEST_CODES = [
  'INVALID_BINDING',
  'ACK_NOT_CALLED',
  'IDEMPOTENCY_KEY_MISSING',
  'IDEMPOTENCY_UNAVAILABLE',
  'ALREADY_DONE',
] as const;

export type NestErrorCode = (typeof NEST_CODES)[number];
