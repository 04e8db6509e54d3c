/** The catalogue of this layer: every code that it gives to a user and the layers below do not. Stable; never reused. */
export const NEST_CODES = ['INVALID_BINDING', 'ACK_NOT_CALLED'] as const;

export type NestErrorCode = (typeof NEST_CODES)[number];
