export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves to whether the condition came true within this time; looks every so many milliseconds. */
export async function until(condition, ms, every = 20) {
  const deadline = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await pause(every);
  }
  return true;
}
