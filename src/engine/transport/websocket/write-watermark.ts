import type { Duplex } from 'node:stream';

/**
 * What a socket was given and the kernel has not taken: made for a peer that has fallen behind.
 *
 * A stream tells of single writes only, and whether one will have to wait is known after it. So an empty write is put
 * behind what waits, whose callback comes when all before it was taken.
 */
export class WriteWatermark {
  /** Packets in front of each mark, behind the one before it. */
  readonly #marks: number[] = [];
  #packets = 0;
  readonly #onWritten = (error?: Error | null): void => {
    this.#packets -= this.#marks.shift()!;
    // Of a socket that failed its owner hears otherwise.
    if (!error) this.onTaken();
  };

  constructor(
    private readonly socket: Duplex,
    /** Called for each mark once everything in front of it was taken. */
    private readonly onTaken: () => void,
  ) {}

  /** Packets in front of marks. */
  get packets(): number {
    return this.#packets;
  }

  get isMarked(): boolean {
    return this.#marks.length > 0;
  }

  mark(packets: number): void {
    this.#marks.push(packets);
    this.#packets += packets;
    this.socket.write('', 'latin1', this.#onWritten);
  }
}
