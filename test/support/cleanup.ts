type Release = () => unknown;

const releases: Release[] = [];

/**
 * Undoes things in the reverse order of their making, so that what connects goes before what listens. One that fails
 * fails its own test only: the others go all the same, so that nothing is left for the next test.
 */
afterEach(async () => {
  const errors: unknown[] = [];
  for (let release = releases.pop(); release; release = releases.pop()) {
    try {
      await release();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, errors.map(String).join('\n'));
});

/** Registers, where a thing is made, what has to happen to it once the test is over. */
export function cleanup(release: Release): void {
  releases.push(release);
}
