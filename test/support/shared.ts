import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';

/**
 * Tests that need data which is not part of the repository: a folder `shared` beside the checkout. Without it they are
 * skipped and say so; where CI is set, its absence fails.
 *
 * @param name path below `shared`, for instance `data/eval_fixtures`
 * @param define the tests, given the full path
 */
export function describeWithShared(title: string, name: string, define: (path: string) => void): void {
  const path = fileURLToPath(new URL(`../../../shared/${name}`, import.meta.url));
  if (existsSync(path)) describe(title, () => define(path));
  else if (process.env.CI) {
    it(title, () => {
      throw new Error(`${path} is absent, and CI is set`);
    });
  } else it.skip(`${title} (../shared/${name} is absent)`, () => {}); // `define` may read the data before any test runs
}
