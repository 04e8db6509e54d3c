const CAPACITY = 1 << 20;

/** Exact percentiles of up to a million latencies; those beyond are not kept. */
export class Latencies {
  #milliseconds = new Float64Array(CAPACITY);
  #count = 0;

  clear() {
    this.#count = 0;
  }

  add(milliseconds) {
    if (this.#count < CAPACITY) this.#milliseconds[this.#count++] = milliseconds;
  }

  summary() {
    const sorted = this.#milliseconds.subarray(0, this.#count).sort();
    const percentile = (share) => sorted[Math.min(this.#count - 1, Math.floor(this.#count * share))];
    return { p50: percentile(0.5), p99: percentile(0.99) };
  }
}
