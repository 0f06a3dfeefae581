import { expect, test } from 'vitest';
import { planBuckets } from '../../src/distributed/buckets.js';

test.each([
  ['nothing', [], []],
  ['less than a bucket', [1, 2], [[0, 2]]],
  [
    'closed as soon as it is full: 8 bytes, then 12',
    [1, 1, 3, 1],
    [
      [0, 2],
      [2, 3],
      [3, 4],
    ],
  ],
  [
    'one larger than a bucket',
    [100, 1, 1],
    [
      [0, 1],
      [1, 3],
    ],
  ],
])('%s', (_, sizes, buckets) => {
  expect(planBuckets(sizes, 8)).toEqual(buckets);
});
