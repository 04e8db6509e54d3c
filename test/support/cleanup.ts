type Release = () => unknown;

const releases: Release[] = [];

/** Undoes things in the reverse order of their making, so that what connects goes before what listens. */
afterEach(async () => {
  for (let release = releases.pop(); release; release = releases.pop()) await release();
});

/** Registers, where a thing is made, what has to happen to it once the test is over. */
export function cleanup(release: Release): void {
  releases.push(release);
}
