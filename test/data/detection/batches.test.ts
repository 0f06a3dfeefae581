import { describe, expect, it } from 'vitest';
import { type GlobalBatch, oneShapeFirst } from '../../../src/data/detection/batches.js';

/** Batches named by their first picture, of these widths. */
const batches = (...widths: number[]): GlobalBatch[] =>
  widths.map((width, i) => ({ indices: [i], distinct: 1, shape: { width, height: 32 }, shortSide: 32 }));
const order = (plans: readonly GlobalBatch[]) => plans.map(({ indices }) => indices[0]);

describe('oneShapeFirst', () => {
  it('the first two have the most frequent shape; all others, of that shape too, keep their order', () => {
    expect(order(oneShapeFirst(batches(32, 64, 96, 64, 32, 64), 2))).toEqual([1, 3, 0, 2, 4, 5]);
  });

  it('all of one shape: nothing moves', () => {
    expect(order(oneShapeFirst(batches(32, 32, 32), 2))).toEqual([0, 1, 2]);
  });

  it('fewer of that shape than wanted: what there is; none at all: none', () => {
    expect(order(oneShapeFirst(batches(64, 32, 32), 20))).toEqual([1, 2, 0]);
    expect(oneShapeFirst([], 20)).toEqual([]);
  });
});
