/** A port on which nothing listens, for a program that cannot choose one by itself. */
export function freePort(): Promise<number>;
