/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * A value that a quarter are not above. Where noise only ever adds, it says more than the median.
 *
 * @param {number[]} values
 */
export function lowerQuartile(values) {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 4)];
}

/**
 * The medians of a server's samples, field by field, and the spread of what counts.
 *
 * @param {import('./sampling.mjs').Sample[]} samples
 */
export function summarize(samples) {
  const costs = samples.map(({ cost }) => cost);
  const summary = { cost: median(costs), least: Math.min(...costs), most: Math.max(...costs) };
  for (const field of [
    'rate',
    'bytes',
    'p50',
    'p99',
    'serverBusy',
    'generatorBusy',
    'othersBusy',
    'live',
    'rss',
    'elapsed',
    'openPause',
    'closePause',
  ]) {
    const values = samples.map((sample) => sample[field]).filter((value) => value !== undefined);
    if (values.length > 0) summary[field] = median(values);
  }
  return summary;
}

/**
 * How much the values rise from one to the next, by the line that fits them best.
 *
 * @param {number[]} values
 */
export function slope(values) {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let rise = 0;
  let run = 0;
  for (const [at, value] of values.entries()) {
    rise += (at - middle) * (value - mean);
    run += (at - middle) ** 2;
  }
  return run === 0 ? 0 : rise / run;
}
