/**
 * Lets sessions ping together: the process then wakes for a group of pings, and for a group of pongs, instead of for each
 * (bench: heartbeat, scale). A session pings up to a 64th of the interval early to join others, but no group takes so many
 * that it would hold the process up, as after a wave of reconnects.
 */
export class PingGroups {
  /** Sessions by moment; an interval has 1,024 of them. */
  readonly #sizes = new Uint32Array(MOMENTS);
  readonly #moment: number;

  /** @param interval between two pings of a session, in milliseconds */
  constructor(readonly interval: number) {
    this.#moment = interval / MOMENTS;
  }

  /** When a session pings. Never later than at `due`, since clients count from the handshake too. */
  join(due: number): number {
    const own = this.#momentOf(due);
    let joined = own - (own % REACH);
    while (joined < own && this.#sizes[joined % MOMENTS] >= MAX_SIZE) joined++;
    this.#sizes[joined % MOMENTS]++;
    return joined * this.#moment;
  }

  /** @param time of its next ping */
  leave(time: number): void {
    // Whole intervals were added since it joined, which may have rounded the time to just before its moment.
    this.#sizes[this.#momentOf(time + this.#moment / 2) % MOMENTS]--;
  }

  #momentOf(time: number): number {
    return Math.floor(time / this.#moment);
  }
}

const MOMENTS = 1024;

/** How many moments early a session may ping. */
const REACH = 16;

/** From here on a group is full: its pings are about two milliseconds of work. */
const MAX_SIZE = 256;
