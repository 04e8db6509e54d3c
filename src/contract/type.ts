/** Carries a type where a contract wants one without a schema. */
export interface TypeMarker<Type> {
  /** Only a type. */
  readonly '~type'?: Type;
}

/**
 * A type in the place of a schema: for `socket.data`, and for an `auth` that is not validated.
 *
 * @example
 * data: type<{ user: User }>()
 */
export function type<Type>(): TypeMarker<Type> {
  return {};
}
