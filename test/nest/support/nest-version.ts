import { createRequire } from 'node:module';

const { version } = createRequire(import.meta.url)('@nestjs/core/package.json') as { version: string };

/** Whether the tests run on this release of Nest, such as '11.2', or a later one. */
export function isNestSince(release: string): boolean {
  const [major, minor = 0] = release.split('.').map(Number);
  const [presentMajor, presentMinor] = version.split('.').map(Number);
  return presentMajor > major || (presentMajor === major && presentMinor >= minor);
}
