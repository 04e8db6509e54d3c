/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The medians of a server's samples, field by field, and the spread of what counts.
 *
 * @param {import('./sampling.mjs').Sample[]} samples
 */
export function summarize(samples) {
  const costs = samples.map(({ cost }) => cost);
  const summary = { cost: median(costs), least: Math.min(...costs), most: Math.max(...costs) };
  for (const field of ['rate', 'p50', 'p99', 'serverBusy', 'generatorBusy', 'othersBusy', 'live', 'rss']) {
    const values = samples.map((sample) => sample[field]).filter((value) => value !== undefined);
    if (values.length > 0) summary[field] = median(values);
  }
  return summary;
}
