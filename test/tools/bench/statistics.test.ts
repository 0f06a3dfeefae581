import { expect, test } from 'vitest';
import { quantile, summary } from '../../../tools/bench/statistics.js';

test('between two values, linearly, whatever the order', () => {
  expect(summary([4, 1, 3, 2])).toEqual({ median: 2.5, quartiles: [1.75, 3.25] });
  expect(quantile([10, 0], 0.9)).toBe(9);
});

test('one value is all of its quantiles; none has none', () => {
  expect(summary([7])).toEqual({ median: 7, quartiles: [7, 7] });
  expect(() => quantile([], 0.5)).toThrow(RangeError);
});
