/**
 * Opens `count` of something, at most `concurrency` at a time.
 *
 * @template T
 * @param {() => Promise<T>} open
 * @param {number} count
 * @returns {Promise<T[]>}
 */
export async function openMany(open, count, concurrency = 32) {
  const opened = [];
  let started = 0;
  const opener = async () => {
    while (started++ < count) opened.push(await open());
  };
  await Promise.all(Array.from({ length: concurrency }, opener));
  return opened;
}
