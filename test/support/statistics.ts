import { expect } from 'vitest';

/** Passes where `count` of `draws` events of probability `p` lies within 3 standard deviations of its mean. */
export function expectShare(count: number, draws: number, p: number): void {
  const deviation = Math.sqrt(draws * p * (1 - p));
  expect(Math.abs(count - draws * p), `${count} of ${draws}, expected ${draws * p}`).toBeLessThanOrEqual(3 * deviation);
}

/** Passes where the mean of the draws lies within 3 standard errors of `mean`, the error being taken from `deviation`. */
export function expectMean(draws: readonly number[], mean: number, deviation: number): void {
  const found = draws.reduce((sum, value) => sum + value, 0) / draws.length;
  const error = deviation / Math.sqrt(draws.length);
  expect(Math.abs(found - mean), `mean ${found}, expected ${mean}`).toBeLessThanOrEqual(3 * error);
}
