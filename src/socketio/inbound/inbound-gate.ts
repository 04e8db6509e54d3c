/** Events that wait until a socket's connect handler has settled; bounded. */
export class InboundGate {
  readonly #waiting: { args: unknown[]; id: number }[] = [];

  constructor(private readonly limit: number) {}

  /** False where the gate is full. */
  hold(args: unknown[], id: number): boolean {
    if (this.#waiting.length >= this.limit) return false;
    this.#waiting.push({ args, id });
    return true;
  }

  /** Lets them through, in order. */
  release(dispatch: (args: unknown[], id: number) => void): void {
    for (const { args, id } of this.#waiting.splice(0)) dispatch(args, id);
  }
}
