/** Those who wait for the next entry of a log. */
export class EntryWaiters {
  readonly #waiting = new Set<() => void>();

  /** Resolves when the next entry is told of, after this many milliseconds, or when it is cancelled. */
  wait(ms: number): { readonly promise: Promise<void>; readonly cancel: () => void } {
    let cancel!: () => void;
    const promise = new Promise<void>((resolve) => {
      cancel = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(cancel);
        resolve();
      };
      const timer = setTimeout(cancel, ms);
      this.#waiting.add(cancel);
    });
    return { promise, cancel };
  }

  wake(): void {
    for (const end of [...this.#waiting]) end();
  }
}
